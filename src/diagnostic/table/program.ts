import type { Entries } from '../types.ts';

/** E07xx and E08xx: the container's program and hooks that do not run; see operation.ts for the keys and for the words. */
export const program = {
  'program.find': {
    code: 'E0732',
    message: 'exec "{name}": executable file not found in $PATH',
    hint: 'process.args is a list of words: write {words}',
    otherwise: 'install it in the root file system, or name its whole path; PATH is "{path}"',
  },
  'program.find/access': { code: 'E0733', message: 'exec "{name}": permission denied',
    hint: 'the user of the process must be allowed to enter all directories above it, and to execute it' },
  'program.find/directory': { code: 'E0734', message: 'exec "{name}": permission denied: it is a directory',
    hint: 'name a program in process.args' },
  'program.run': {
    code: 'E0753',
    message: 'cannot arrange the descriptors of "{name}"',
    hint: 'raise the limit of open files (RLIMIT_NOFILE), or lower --preserve-fds',
  },
  'program.run/clone': {
    code: 'E0997',
    message: 'cannot make the process of "{name}" below the first one of the container',
    hint: 'raise its pids.limit: the first process counts, too',
  },
  'process.start': { code: 'E0761', message: 'cannot start the container', hint: '"veloci state" shows its status' },
  'process.start/open:ENXIO': {
    code: 'E0981',
    message: 'nobody waits for the start of the container any more',
    hint:
      'the process that did was ended with the cgroup of the caller of create: delete the container and create it from one that ' +
      'stays, or start it with CAP_SYS_PTRACE',
  },
  // Not E0964: start finds init stopped, which can go on; there create or exec has given it up and undone what it did.
  'process.start/wait:ETIMEDOUT': {
    code: 'E0962',
    message: "the container's init, or the process that waits for its start, was stopped and does not go on",
    hint: 'continue it (kill -CONT with the pid of init, or of "veloci-relay"), or delete the container',
  },
  'process.start/died': {
    code: 'E0762',
    message: "the container's init died before it started the program",
    hint: 'somebody killed it, or memory was short: see the kernel log',
  },
  'process.start/notFound': {
    code: 'E0764',
    message: 'exec "{path}": no such file or directory',
    hint: 'process.args is a list of words: write {words}',
    otherwise: 'install it in the root file system, or correct the path, which is one of the container',
  },
  'process.start/interpreter': {
    code: 'E0765',
    message: 'exec "{path}": no such file or directory: its interpreter "{interpreter}" is missing',
    hint:
      'install it in the root file system; a dynamic program needs its loader, a script the program of its first line',
  },
  'process.start/notExecutable': { code: 'E0733', message: 'exec "{path}": permission denied',
    hint: 'the user of the process must be allowed to enter all directories above it, and to execute it' },
  'process.start/format': {
    code: 'E0767',
    message: 'exec "{path}": exec format error',
    hint: 'use a program for this architecture; a script must begin with "#!"',
  },
  'process.start/execve': { code: 'E0768', message: 'exec "{path}" failed', hint: 'see execve(2)' },
  'process.start/crlf': {
    code: 'E0886',
    message:
      'exec "{path}": no such file or directory: the lines of the script end like those of Windows (CR LF), so its interpreter is "{value}\\r"',
    hint: 'run "dos2unix" or "sed -i \'s/\\r$//\'" on it',
  },
  'process.start/special': {
    code: 'E0887',
    message: 'exec "{path}": permission denied: it is not a regular file',
    hint: 'name a program in process.args',
  },
  'process.start/mode': {
    code: 'E0888',
    message: 'exec "{path}": permission denied: it is not executable',
    hint: 'run "chmod +x" on it in the root file system',
  },
  'process.start/noexec': {
    code: 'E0889',
    message: 'exec "{path}": permission denied: it lies on a mount with the option "noexec"',
    hint: 'remove "noexec" from the options of that mount, or put the program elsewhere',
  },
  'process.start/interpreterMode': {
    code: 'E0892',
    message: 'exec "{path}": permission denied: its interpreter "{value}" cannot be executed',
    hint: 'the interpreter must be an executable program: check its mode and its mount',
  },
  'process.start/refused': {
    code: 'E0893',
    message: 'exec "{path}": operation not permitted',
    hint: 'linux.seccomp must allow execve(2), and the bounding set have the capabilities of the file',
  },
  'process.start/empty': {
    code: 'E0894',
    message: 'exec "{path}": exec format error: the file is empty',
    hint: 'copy it into the root file system completely',
  },
  'process.start/damaged': {
    code: 'E0895',
    message: 'exec "{path}": exec format error: the file is truncated',
    hint: 'copy it into the root file system completely',
  },
  'process.start/architecture': {
    code: 'E0896',
    message: 'exec "{path}": exec format error: it is a program for {machine}',
    hint:
      'use one for this host ("uname -m" names its architecture), or run it with qemu (qemu-user-static, binfmt_misc)',
  },
  'process.start/mark': {
    code: 'E0897',
    message: 'exec "{path}": exec format error: the script begins with a byte order mark',
    hint: 'save it as UTF-8 without BOM: "#!" must be its first bytes',
  },
  'process.start/script': {
    code: 'E0898',
    message: 'exec "{path}": exec format error: it is a script whose first line names no interpreter',
    hint: 'begin it with a line such as "#!/bin/sh"',
  },
  'hook.run': { code: 'E0772', message: '{kind} hook {number} ("{path}") failed', output: '{detail}',
    hint: 'raise the limits of open files and processes (RLIMIT_NOFILE, RLIMIT_NPROC)' },
  'hook.run/execve': {
    code: 'E0773',
    message: '{kind} hook {number}: cannot run "{path}"',
    hint:
      'the hook and its interpreter must exist and be executable: those of startContainer in the container, all others on the host',
  },
  'hook.run/timeout': {
    code: 'E0774',
    message: '{kind} hook {number} ("{path}") took longer than {timeout} s',
    hint: 'raise "timeout", or find out what it waits for',
  },
  'hook.run/exit': { code: 'E0775', message: '{kind} hook {number} ("{path}") ended with exit code {status}',
    output: '{detail}', hint: 'run it by hand with the state of a container on its stdin to see why' },
  'hook.run/signal': { code: 'E0776',
    message: '{kind} hook {number} ("{path}") was ended by signal {status} ({signal})', output: '{detail}',
    hint: 'run it by hand with the state of a container on its stdin to see why' },
  'hook.run/log': { code: 'E0848', message: 'cannot open the file for the output of {kind} hook {number}',
    hint: 'it is named by the annotation run.oci.hooks.stdout or stderr' },
} as const satisfies Entries;
