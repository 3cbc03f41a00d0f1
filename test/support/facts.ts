// What /probe prints (probe.c), read with a check of every member: a fact that is missing is a failure that says so.
import { objectOf, readObject, textsOf } from '../../scripts/lib/json.ts';

const members = {
  pid: 'number',
  ppid: 'number',
  cwd: 'text',
  hostname: 'text',
  domainname: 'text',
  release: 'text',
  personality: 'number',
  dumpable: 'number',
  keyring: 'number',
  args: 'texts',
  env: 'texts',
  uid: 'numbers',
  gid: 'numbers',
  groups: 'numbers',
  umask: 'number',
  rlimits: 'pairs',
  status: 'words',
  fds: 'words',
  ns: 'words',
  tty: 'numbers',
  rows: 'number',
  columns: 'number',
  sid: 'number',
  pgid: 'number',
  console: 'text',
  sched: 'counts',
  ioprio: 'numbers',
  cpus: 'numbers',
  mempolicy: 'numbers',
  oom: 'texts',
  cgroup: 'texts',
  mounts: 'texts',
} as const;

interface Forms {
  number: number;
  text: string;
  numbers: number[];
  texts: string[];
  words: Record<string, string>;
  pairs: Record<string, [string, string]>;
  counts: { policy: number; flags: number; nice: number; priority: number; runtime: number; deadline: number;
    period: number };
}

/** What a program in a container sees of itself. */
export type Facts = { [Name in keyof typeof members]: Forms[(typeof members)[Name]] };

const isList = (value: unknown, type: string): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === type);

const forms: { readonly [Form in keyof Forms]: (value: unknown) => boolean } = {
  number: (value) => typeof value === 'number',
  text: (value) => typeof value === 'string',
  numbers: (value) => isList(value, 'number'),
  texts: (value) => isList(value, 'string'),
  words: (value) => Object.keys(textsOf(value, 'a fact')).length >= 0,
  pairs: (value) => Object.values(objectOf(value, 'a fact')).every((pair) => isList(pair, 'string')),
  counts: (value) =>
    ['policy', 'flags', 'nice', 'priority', 'runtime', 'deadline', 'period'].every((name) =>
      typeof objectOf(value, 'a fact')[name] === 'number'
    ),
};

function isFacts(value: object): value is Facts {
  const given: Record<string, unknown> = objectOf(value, 'the output of /probe');
  for (const [name, form] of Object.entries(members))
    if (!forms[form](given[name])) throw new Error(`${name} of what /probe prints is not a ${form}: ${given[name]}`);
  return true;
}

/** @throws Error when the text is not what /probe prints */
export function readFacts(text: string): Facts {
  const value = readObject(text, 'the output of /probe');
  if (!isFacts(value)) throw new Error('not the output of /probe');
  return value;
}
