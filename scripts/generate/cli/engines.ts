import { differences, runcFlags } from '../../../src/compat/migration.ts';
import { recipes, type Recipe } from '../../../src/cli/install.ts';
import { commands, globalFlags } from '../../../src/cli/table.ts';
import { notice, snake } from '../names.ts';

/** What is said before the file and after it. */
const where = (recipe: Recipe): string => `# ${recipe.engine}: ${recipe.file}\n\n`;
const then = (recipe: Recipe): string => `\n${recipe.then.map((line) => `#   ${line}\n`).join('')}`;

/** What of a recipe `install --apply` needs. */
function edited({ flag, engine, edited }: Recipe): string {
  if (edited === undefined) return '{}';
  const words = (all: readonly string[]): string =>
    `{${[...all.map((word) => JSON.stringify(word)), 'nullptr'].join(', ')}}`;
  const text = (value: string | undefined): string => value === undefined ? 'nullptr' : JSON.stringify(value);
  return `{${
    [JSON.stringify(flag), JSON.stringify(engine), JSON.stringify(edited.path), String(edited.ofUsers),
      text(edited.backup), words(edited.version), words(edited.check)].join(', ')
  }}`;
}

/** Text of native/generated/install.gen.h: what `veloci install` prints. */
export function installHeader(): string {
  const lines = recipes.map((recipe) =>
    `    {cli::Flag::${snake(recipe.flag)}, ${
      [where(recipe), recipe.text, then(recipe)].map((text) => JSON.stringify(text)).join(', ')
    }, ${edited(recipe)}},\n`
  );
  return `// ${notice}
// Texts of the command \`install\`, from src/cli/install.ts. @PATH@ stands for the path of the command.
#pragma once
#include "generated/cli.gen.h"

namespace veloci {

// What \`install --apply\` edits; without a path there is nothing.
struct EngineFile {
  const char *flag = nullptr, *engine = nullptr, *path = nullptr;
  bool of_users = false;
  const char *backup = nullptr;
  const char *version[8] = {}, *check[8] = {};
};

struct InstallRecipe {
  cli::Flag flag;
  const char *where, *file, *then;
  EngineFile edited;
};

constexpr InstallRecipe install_recipes[] = {
${lines.join('')}};

} // namespace veloci
`;
}

function section({ engine, flag, file, text, then, notes }: Recipe): string {
  const shown = (words: string): string => words.replaceAll('@PATH@', '/usr/bin/veloci');
  return `## ${engine}

\`veloci install --${flag}\` prints this with the path of your installation, for ${file}:

\`\`\`
${shown(text)}\`\`\`

Then:

${then.map((line) => `    ${shown(line)}`).join('\n')}

${notes.map(shown).join('\n\n')}
`;
}

/** Text of docs/engines.md. */
export function enginesDocs(): string {
  return `<!-- ${notice} -->
# veloci under engines

veloci takes the calls of runc and crun: an engine needs nothing but its path. It works under podman, buildah,
containerd and dockerd; \`npm run test:engines\` shows it step by step on a Debian machine.

Tried: podman 4.3 and 5.4 (of root and of users), buildah 1.28, containerd 1.6, 1.7 and
2.0 (ctr, and crictl for its CRI service), dockerd 20.10 and 26.1 with its old builder and with BuildKit;
PostgreSQL from images that podman and docker built. CRI-O 1.32, built from its sources, did 55 of 64 steps of CRI; whether
runc does more of them there was not found out.

\`veloci install --podman --apply\` (or \`--docker\`, \`--containerd\`, \`--crio\`) writes what follows into the engine's configuration, which
for root is the system's and for another user the one below \`~/.config\`:

- Comments, order, other runtimes and the file's mode and owner stay as they are; a symbolic link stays one. What was there before is
  kept in \`FILE.before-veloci\`.
- What changes is printed as a difference; \`--dry-run\` prints it and changes nothing. A second call finds nothing to change.
- The engine's own program checks the new file before it takes the old one's place: \`podman info\`, \`dockerd --validate\` (from 23.0 on),
  \`containerd config dump\`. If it refuses, nothing has been changed. CRI-O has no such command.
- Podman and Docker then use veloci by default, as in the lines below; \`--as-default=false\` only adds it. containerd and CRI-O keep their
  default; \`--as-default\` changes it.
- \`--undo\` takes it back: an untouched file becomes, byte for byte, what it was; in one that was edited since, the edits stay.
- A file of containerd is edited in its own version (1, 2 or 3); a new one gets the version of the containerd that is installed.

A running engine has to be told: the commands are below each file. Without \`--apply\` the lines are only printed.

${recipes.map(section).join('\n')}
## In place of runc or crun

A link with the name \`runc\` or \`crun\` that points to veloci does for programs that look for these names. The version
then begins with that name, flags of both dialects work under every name (\`--cgroup-manager\`, \`--log file:PATH\`,
\`--regex\`, \`--config\`), and habits of the two that the specification forbids are kept
(see [migrating from runc](migrating-from-runc.md)).

## In a container

veloci runs in a container that has the rights to make others: \`docker run --privileged\` or
\`podman run --privileged\`, with or without a cgroup namespace (\`--cgroupns\`), also in further containers within; tried
three deep on cgroup v1. In a container without CAP_SYS_ADMIN it fails with E0588, in one whose cgroups are read-only
with E0701.

On cgroup v2 a cgroup with processes of its own hands down no controllers but cpu, cpuset and pids, and those only to threaded
cgroups. Where the caller runs in the root of its cgroup namespace, as the first process of a container does, a container works
that has no limits, or limits of these alone: then its cgroup is a threaded one, until the last of them is deleted. (One without
limits whose cgroup mount is writable keeps a cgroup that it can divide, and \`update\` cannot limit it.) Other limits,
such as that of memory, give E0705 until the processes are moved to a cgroup below:

    mkdir /sys/fs/cgroup/own
    for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo $pid >/sys/fs/cgroup/own/cgroup.procs; done

## Services

With NOTIFY_SOCKET in the environment (systemd, \`podman run --sdnotify=container\`) the container gets a socket of its
own; \`start\` and \`run --detach\` return when the program has said READY=1, and the manager learns the main pid.
Descriptors of LISTEN_FDS are handed on, with LISTEN_PID set for the program.

## Security modules

- AppArmor: where unprivileged user namespaces are restricted (Ubuntu 23.10 and later), a profile must allow them to
  rootless containers:

      abi <abi/4.0>,
      include <tunables/global>
      profile veloci /usr/bin/veloci flags=(unconfined) {
        userns,
        include if exists <local/veloci>
      }

  Profiles of containers must let signals of the runtime in: \`signal (receive) peer=unconfined,\` and
  \`signal (receive) peer=veloci,\`, else \`kill\` fails with EACCES.
- SELinux: label the executable \`container_runtime_exec_t\`, so that it runs as \`container_runtime_t\`:
  \`semanage fcontext -a -t container_runtime_exec_t /usr/bin/veloci; restorecon /usr/bin/veloci\`.
- fapolicyd and the like must allow executable memfds: the program that enters containers is executed from one.
`;
}

/** Names of our flags by command; the empty name holds the global ones. */
function ours(): Map<string, Map<string, boolean>> {
  const names = (flags: typeof globalFlags): Map<string, boolean> =>
    new Map(flags.filter(({ hidden }) => hidden !== true).map(({ name, ignored }) => [name, ignored === true]));
  return new Map([['', names(globalFlags)], ...commands.map(({ name, flags }) => [name, names(flags)] as const)]);
}

const list = (names: readonly string[]): string => names.map((name) => `\`--${name}\``).join(', ') || 'none';

/** Text of docs/migrating-from-runc.md. */
export function migrationDocs(): string {
  const table = ours();
  const rows = Object.entries(runcFlags).map(([command, flags]) => {
    const own = table.get(command);
    const title = command === '' ? 'global' : `\`${command}\``;
    if (own === undefined) return `| ${title} | no such command yet | |\n`;
    const has = (name: string): boolean => own.has(name) || (command !== '' && table.get('')!.has(name));
    const lacking = flags.filter((name) => !has(name));
    const ignored = flags.filter((name) => own.get(name) === true);
    const more = [...own.keys()].filter((name) => !flags.includes(name) && own.get(name) === false);
    const missing = [
      ...lacking.map((name) => `\`--${name}\` missing`),
      ...ignored.map((name) => `\`--${name}\` accepted without effect`),
    ];
    return `| ${title} | ${missing.join(', ') || 'all'} | ${list(more)} |\n`;
  });
  const added = commands.filter(({ name }) => !(name in runcFlags)).map(({ name, summary }) =>
    `- \`${name}\`: ${summary}\n`
  );
  return `<!-- ${notice} -->
# Migrating from runc

veloci takes runc's commands and flags. Long flags take one dash or two, values follow as \`--flag value\` or
\`--flag=value\`, and flags of the whole command may also stand behind the command's name.

## Flags

| command | flags of runc | flags that runc does not have |
|---|---|---|
${rows.join('')}
## Commands that runc does not have

${added.join('')}
## Behaviour

${differences.map((line) => `- ${line}\n`).join('')}`;
}
