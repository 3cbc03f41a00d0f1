// The archive for a bug report: which files it has, how large each may be, and what the first one says of them.
import { utf8Of } from '../base/utf8.ts';
import { tarOf } from './tar.ts';

/** What a file is, and most bytes of it. */
interface Entry {
  readonly what: string;
  readonly limit: number;
}

const kib = 1024;

/** All together stay below a megabyte. */
const entries = {
  'applied.json': { what: 'the configuration that the container was created with, or that was last applied',
    limit: 128 * kib },
  'config.json': { what: 'the configuration as it is now', limit: 128 * kib },
  'diff.json': { what: 'how the container differs from its configuration ("veloci diff --json")', limit: 64 * kib },
  'doctor.txt': { what: 'what the host can and cannot do ("veloci doctor")', limit: 32 * kib },
  'features.json': { what: 'what the runtime supports ("veloci features")', limit: 48 * kib },
  'log.txt': { what: 'the end of the log (--log) of the command that made the container', limit: 40 * kib },
  'plan.json': { what: 'the plan, whole ("veloci plan --json")', limit: 160 * kib },
  'plan.txt': { what: 'the plan and its summary ("veloci plan")', limit: 96 * kib },
  'request.json': { what: 'flags, bundle and host facts that the plan was made with', limit: 64 * kib },
  'state.json': { what: 'the state of the container ("veloci state")', limit: 32 * kib },
  'timeline.txt': { what: 'when each operation of the last start was done ("veloci timeline")', limit: 48 * kib },
  'validate.txt': { what: 'what is wrong or doubtful in the configuration ("veloci validate --no-files")',
    limit: 32 * kib },
  'version.txt': { what: 'versions ("veloci version")', limit: 4 * kib },
  'why.json': { what: 'how the container has ended, or why it did not start ("veloci why --json")', limit: 32 * kib },
} as const satisfies Readonly<Record<string, Entry>>;

export type EntryName = keyof typeof entries;

/** The folder that the files are in. */
const folder = 'veloci-capture';

/** Texts by the names of their files; what is not there is named as left out with its reason. */
export type Contents = ReadonlyMap<EntryName, { readonly text: string } | { readonly without: string }>;

/** The archive; the same bytes for the same contents. */
export function archiveOf(subject: string, contents: Contents): Uint8Array {
  const names = (Object.keys(entries) as EntryName[]).sort();
  const files: { name: string; bytes: readonly number[] }[] = [];
  const present: string[] = [], absent: string[] = [];
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) {
    const content = contents.get(name);
    if (content === undefined) continue;
    if ('without' in content) {
      absent.push(`  ${name.padEnd(width)}  ${content.without}`);
      continue;
    }
    const { bytes, cut } = bounded(content.text, entries[name].limit);
    present.push(`  ${name.padEnd(width)}  ${entries[name].what}${cut ? ' (cut)' : ''}`);
    files.push({ name: `${folder}/${name}`, bytes });
  }
  const readme = [
    `What "veloci capture" has gathered of ${subject}.`,
    '',
    ...present,
    ...(absent.length === 0 ? [] : ['', 'Left out:', ...absent]),
    '',
    'Values of environment variables, and arguments, annotations, options and parts of URLs that look like secrets are replaced by',
    '[redacted], here and wherever they stand in another file. Names, paths, arguments and addresses are as they were: read',
    'config.json and log.txt before you give this to others.',
    'A file that holds the words of an error in place of its contents says what could not be read. All times are 0, all files are',
    "root's: the same facts give the same bytes.",
    '',
  ].join('\n');
  return tarOf([{ name: `${folder}/README.txt`, bytes: utf8Of(readme) }, ...files]);
}

/** The bytes of a text up to a limit, with a last line that says how much is missing. */
function bounded(text: string, limit: number): { bytes: readonly number[]; cut: boolean } {
  const bytes = utf8Of(text.length > limit ? text.slice(0, limit).replace(/[\ud800-\udbff]$/, '') : text);
  if (bytes.length <= limit && text.length <= limit) return { bytes, cut: false };
  const room = limit - 80;
  let end = bytes.lastIndexOf(0x0a, room) + 1;
  if (end === 0) {
    end = room;
    while ((bytes[end]! & 0xc0) === 0x80) end--;
  }
  const kept = bytes.slice(0, end);
  const mark = `${kept[end - 1] === 0x0a ? '' : '\n'}[cut: the rest of ${text.length} characters is left out]\n`;
  return { bytes: [...kept, ...utf8Of(mark)], cut: true };
}
