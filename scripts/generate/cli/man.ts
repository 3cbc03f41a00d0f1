import { commands, globalFlags } from '../../../src/cli/table.ts';
import { isShown } from '../../../src/cli/types.ts';
import type { Command, Flag } from '../../../src/cli/types.ts';
import { flagNames, flagSummary, purpose } from './help.ts';
import { notice } from '../names.ts';

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

/** A sentence; what stands between backquotes is set in bold. */
function prose(text: string): string {
  return text.split(/`([^`]*)`/).map((part, index) => (index % 2 === 1 ? bold(part) : roff(part))).join('');
}

/** Operands or the value of a flag: what the user replaces is set in italics. */
function replaceable(text: string): string {
  return text.split(/([A-Z]+)/).map((part, index) => (index % 2 === 1 ? italic(part) : roff(part))).join('');
}

/** An entry of a list: what it is about, and what is said about it. */
const entry = (head: string, body: string): string => `.TP\n${head}\n${body}\n`;

function flagEntry(flag: Flag): string {
  const value = flag.value === undefined ? '' : ` ${replaceable(flag.value)}`;
  return entry(flagNames(flag).map(bold).join(', ') + value, prose(flagSummary(flag)));
}

function flagList(flags: readonly Flag[]): string {
  const ignored = flags.filter((flag) => flag.ignored === true).map((flag) => bold(`--${flag.name}`));
  const rest = ignored.length === 0 ? '' : `.PP\nAccepted for compatibility, without effect: ${ignored.join(', ')}.\n`;
  return flags.filter(isShown).map(flagEntry).join('') + rest;
}

function section(command: Command): string {
  const { name, summary, operands, description, flags, examples } = command;
  const given = `${flags.length > 0 ? ` [${italic('OPTIONS')}]` : ''}${
    operands === '' ? '' : ` ${replaceable(operands)}`
  }`;
  const shown = examples.map(({ line, what }) =>
    `${prose(what[0]!.toUpperCase() + what.slice(1))}:\n.PP\n.RS 4\n.nf\n${bold(line)}\n.fi\n.RE\n`
  );
  return `.SS ${roff(`${name} - ${summary}`)}
${bold(`veloci ${name}`)}${given}
.PP
${prose(description)}
${flagList(flags)}.PP
${shown.join('.PP\n')}`;
}

/** Text of docs/man/veloci.8: the manual page, from src/cli/table.ts. */
export function manPage(): string {
  return `.\\" ${notice}
.TH VELOCI 8 "" "veloci" "System Administration"
.SH NAME
veloci \\- ${roff(purpose)}
.SH SYNOPSIS
${bold('veloci')} [${italic('GLOBAL OPTIONS')}] ${italic('COMMAND')} [${italic('OPTIONS')}] [${italic('OPERANDS')}]
.SH DESCRIPTION
${
    prose(
      '`veloci` is an OCI runtime: it runs the containers of engines such as Podman, containerd and dockerd, or a bundle by hand. '
        + 'A bundle is a directory with a root file system and a file `config.json`, which is compiled into a plan, a list of typed '
        + 'operations; the plan is the only thing that is executed.',
    )
  }
.PP
${
    prose(
      'Errors carry a code and the place in `config.json` that they are about; `veloci explain` describes a code. '
        + '`veloci validate` and `veloci plan` show findings and operations before anything is done, `veloci doctor` what the host can do.',
    )
  }
.PP
${
    prose(
      'The value of an option is the next argument, or follows the name after an equals sign. Letters may be joined, and `--` ends the '
        + 'options.',
    )
  }
.SH GLOBAL OPTIONS
They stand before the command, or after it.
${flagList(globalFlags)}.SH COMMANDS
${commands.map(section).join('')}.SH EXIT STATUS
${entry(bold('0'), 'Success.')}${entry(bold('1'), 'An error; the log has the details.')}\
${entry(bold('3'), 'There is no such command.')}.PP
${
    prose(
      '`run` and `exec` end with the status of the program in the container, as described there; `exec` exits with 255 when the program could not be run.',
    )
  }
.SH FILES
${entry(italic('/run/veloci'), prose('The state of containers of root; another place with `--root`.'))}\
${entry(italic('$XDG_RUNTIME_DIR/veloci'), 'The state of containers of other users.')}\
${entry(italic('config.json'), 'The configuration of a container, in its bundle.')}.SH SEE ALSO
${bold('runc')}(8), ${bold('crun')}(1), ${bold('podman')}(1), ${bold('criu')}(8), ${bold('ps')}(1), ${
    bold('namespaces')
  }(7), ${bold('cgroups')}(7)
`;
}
