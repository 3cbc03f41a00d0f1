import { everywhere, files, usualExits, variables, type Exit, type File,
  type Variable } from '../../../src/cli/manual.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import type { Command, Flag } from '../../../src/cli/types.ts';
import { notice, wrap } from '../names.ts';
import { flagNames, flagSummary, purpose } from './help.ts';

const special: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** Text that roff prints as it is: nothing in it is an escape, a request or a typographic sign. */
export function roff(text: string): string {
  return text.replace(/[\\\-'"`^~]/g, (sign) => special[sign] ?? sign).replace(/^\./gm, '\\&.');
}

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

/** Lines of a paragraph that is written in roff: no line begins with a sign that would make it a request. */
function lines(text: string): string {
  return wrap(text, '', 78).replace(/^\./gm, '\\&.');
}

/** Sentences; what stands between backquotes is set in bold. */
function prose(text: string): string {
  return lines(text.split(/`([^`]*)`/).map((part, index) => (index % 2 === 1 ? bold(part) : roff(part))).join(''));
}

/** Operands or the value of a flag: what the user replaces is set in italics. */
function replaceable(text: string): string {
  return text.split(/([A-Z]+)/).map((part, index) => (index % 2 === 1 ? italic(part) : roff(part))).join('');
}

/** An entry of a list: what it is about, and what is said about it. */
const entry = (head: string, body: string): string => `.TP\n${head}\n${body}\n`;

/** A section, unless there is nothing to say. */
const section = (heading: string, body: string): string => (body === '' ? '' : `.SH ${heading}\n${body}`);

function flagEntry(flag: Flag): string {
  const value = flag.value === undefined ? '' : ` ${replaceable(flag.value)}`;
  return entry(flagNames(flag).map(bold).join(', ') + value, prose(flagSummary(flag)));
}

function flagList(flags: readonly Flag[]): string {
  const shown = flags.filter(isShown).map(flagEntry).join('');
  const ignored = flags.filter((flag) => flag.ignored === true).map((flag) => bold(`--${flag.name}`));
  const rest = ignored.length === 0
    ? ''
    : `${shown === '' ? '' : '.PP\n'}${lines(`Accepted for compatibility, without effect: ${ignored.join(', ')}.`)}\n`;
  return shown + rest;
}

const variableList = (names: readonly Variable[]): string =>
  names.map((name) => entry(bold(name), prose(variables[name]))).join('');

const fileList = (names: readonly File[]): string =>
  names.map((name) => entry(replaceable(name), prose(files[name]))).join('');

function exitList(exits: readonly Exit[]): string {
  const all = [...usualExits.filter(([usual]) => !exits.some(([status]) => status === usual)), ...exits];
  const sorted = all.sort(([a], [b]) => (Number(a) || (a === '0' ? 0 : 256)) - (Number(b) || (b === '0' ? 0 : 256)));
  return sorted.map(([status, meaning]) => entry(replaceable(status), prose(meaning))).join('');
}

/** A page of a manual, as `criu(8)`, or of a command: `start` is veloci-start(8). */
function pageReference(name: string): string {
  const [, page = `veloci-${name}`, number = '8'] = /^(.*)\((\d)\)$/.exec(name) ?? [];
  return `${bold(page)}(${number})`;
}

const seeAlso = (names: readonly string[]): string => `${lines(names.map(pageReference).join(', '))}\n`;

/** What the head of a page shows: the version, and the date of its text (YYYY-MM-DD). */
export interface Edition {
  readonly version: string;
  readonly date: string;
}

function head(title: string, { version, date }: Edition, what: string): string {
  return `.\\" ${notice}
.TH ${roff(title.toUpperCase())} 8 ${date} "veloci ${version}" "System Manager\\(aqs Manual"
.SH NAME
${roff(title)} \\- ${roff(what)}
`;
}

function commandPage(command: Command, edition: Edition): string {
  const { name, summary, operands, description, flags, examples } = command;
  const options = flags.some(isShown) ? ` [${italic('OPTIONS')}]` : '';
  const given = operands === '' ? '' : ` ${replaceable(operands)}`;
  const shown = examples.map(({ line, what }, index) =>
    `${index === 0 ? '' : '.PP\n'}${prose(`${what[0]!.toUpperCase()}${what.slice(1)}:`)}\n.PP\n.RS 4\n.nf\n${
      bold(line)
    }\n.fi\n.RE\n`
  );
  return head(`veloci-${name}`, edition, summary)
    + section('SYNOPSIS', `${bold(`veloci ${name}`)}${options}${given}\n`)
    + section('DESCRIPTION', `${prose(description)}\n`)
    + section('OPTIONS', `${flagList(flags)}${flags.length === 0 ? '' : '.PP\n'}${
      lines(
        `Global options, such as ${bold('--root')} and ${bold('--log')}, are described in ${
          pageReference('veloci(8)')
        }.`,
      )
    }\n`)
    + section('EXIT STATUS', exitList(command.exits ?? []))
    + section('ENVIRONMENT', variableList([...command.environment ?? [], ...everywhere]))
    + section('FILES', fileList(command.files ?? []))
    + section('EXAMPLES', shown.join(''))
    + section('SEE ALSO', seeAlso(['veloci(8)', ...command.see]));
}

function mainPage(edition: Edition): string {
  return head('veloci', edition, purpose)
    + section('SYNOPSIS',
      `${bold('veloci')} [${italic('GLOBAL OPTIONS')}] ${italic('COMMAND')} [${italic('OPTIONS')}] [${
        italic('OPERANDS')
      }]\n`)
    + section('DESCRIPTION', [
      '`veloci` is an OCI runtime: it runs the containers of engines such as Podman, containerd and dockerd, or a bundle by hand. '
      + 'A bundle is a directory with a root file system and a file `config.json`, which is compiled into a plan, a list of typed '
      + 'operations; the plan is the only thing that is executed.',
      'Errors carry a code and the place in `config.json` that they are about; `veloci explain` describes a code. '
      + '`veloci validate` and `veloci plan` show findings and operations before anything is done, `veloci doctor` what the host can do.',
      'The value of an option is the next argument, or follows the name after an equals sign. Letters may be joined, and `--` ends the '
      + 'options.',
    ].map((text) => `${prose(text)}\n`).join('.PP\n'))
    + section('COMMANDS',
      `Each has a page of its own.\n${
        commands.map(({ name, summary }) => entry(pageReference(name), prose(summary))).join('')
      }`)
    + section('OPTIONS', `They stand before the command, or after it.\n${flagList(globalFlags)}`)
    + section('EXIT STATUS', `${exitList([['3', 'There is no such command.']])}.PP\n${
      prose(
        'Some commands have others, which their pages describe: `run` and `exec` end with the status of the program in the container.',
      )
    }\n`)
    + section('ENVIRONMENT', variableList(Object.keys(variables) as Variable[]))
    + section('FILES', fileList(Object.keys(files) as File[]))
    + section('EXAMPLES',
      `${prose('A shell in the root file system of this directory, from nothing:')}\n.PP\n.RS 4\n.nf\n${
        ['mkdir -p demo/rootfs/bin && cd demo', 'cp /bin/busybox rootfs/bin/sh', 'veloci spec', 'veloci run demo'].map(
          bold,
        )
          .join('\n')
      }\n.fi\n.RE\n`)
    + section('SEE ALSO',
      seeAlso([...commands.map(({ name }) => name), 'runc(8)', 'crun(1)', 'podman(1)', 'criu(8)', 'namespaces(7)',
        'cgroups(7)', 'capabilities(7)']));
}

/** The manual pages by the names of their files, from src/cli/table.ts: veloci.8, and one for each command. */
export function manPages(edition: Edition): Map<string, string> {
  return new Map([
    ['veloci.8', mainPage(edition)],
    ...commands.map((command) => [`veloci-${command.name}.8`, commandPage(command, edition)] as const),
  ]);
}
