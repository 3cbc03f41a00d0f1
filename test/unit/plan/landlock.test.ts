// org.veloci.landlock: what is read of it, what the kernel gets of it, where it stands in the plan.
import t from 'tap';
import type { Spec } from '../../../src/generated/config.ts';
import type { LandlockRestrict } from '../../../src/generated/plan.ts';
import { compileCheckpoint } from '../../../src/plan/compile-criu.ts';
import type { CriuFlags } from '../../../src/plan/concern/criu.ts';
import { PlanError } from '../../../src/plan/context.ts';
import { compile } from '../../../src/plan/compile.ts';
import { compileExec } from '../../../src/plan/compile-exec.ts';
import { noteFound } from '../../support/codes.ts';
import type { Config } from '../../support/spec.ts';
import { context, defaultConfig, find, names, planOf } from './support.ts';

const name = 'org.veloci.landlock';
const whole = {
  ruleset: { handledAccessFS: ['execute', 'read_file', 'write_file', 'refer', 'ioctl_dev'],
    handledAccessNet: ['bind_tcp'], scoped: ['signal'] },
  rules: {
    pathBeneath: [{ allowedAccess: ['execute', 'read_file'], paths: ['/usr', '/lib'] }, { allowedAccess: ['ioctl_dev'],
      paths: ['/dev'] }],
    netPort: [{ allowedAccess: ['bind_tcp'], ports: [80, 443] }],
  },
};

const annotated = (value: unknown, more: (config: Config) => void = () => {}) => (config: Config): void => {
  config.annotations = { [name]: typeof value === 'string' ? value : JSON.stringify(value) };
  more(config);
};

function operation(value: unknown, landlock?: number): LandlockRestrict | undefined {
  return find(planOf(annotated(value), landlock === undefined ? {} : { landlock }).programs.init,
    'landlock.restrict')[0];
}

function failure(action: () => unknown): { code: string; message: string; pointer?: string } {
  try {
    action();
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const { code, message, at } = noteFound(error.diagnostic);
    return { code, message, ...(at === undefined ? {} : { pointer: at.pointer }) };
  }
  return { code: 'none', message: '' };
}

t.test('what the kernel knows goes to it', async (t) => {
  t.same(operation(whole, 7), { op: 'landlock.restrict', from: `/annotations/${name}`, fs: 1 | 2 | 4 | 0x2000 | 0x8000,
    net: 1, scoped: 2, size: 24, fileRights: 1 | 2 | 4 | 0x8000,
    paths: [{ path: '/usr', rights: 5 }, { path: '/lib', rights: 5 }, { path: '/dev', rights: 0x8000 }],
    ports: [{ port: 80, rights: 1 }, { port: 443, rights: 1 }] });
});

t.test('an older kernel gets what it knows, none gets nothing, and a warning says so', async (t) => {
  t.match(operation(whole, 4), { fs: 1 | 2 | 4 | 0x2000, net: 1, scoped: 0, size: 16, paths: { length: 2 } });
  t.match(operation(whole, 1), { fs: 1 | 2 | 4, net: 0, size: 8, ports: { length: 0 } });
  t.equal(operation(whole), undefined);
  const warnings: string[] = [];
  const config = defaultConfig();
  annotated(whole)(config);
  compile(config as unknown as Spec, { ...context({ landlock: 4 }),
    warn: (warning) => warnings.push(`${noteFound(warning).code} ${warning.message}`) });
  t.same(warnings, ['E0593 this kernel has Landlock ABI 4, which cannot refuse ioctl_dev, signal: that is left out']);
});

t.test('where all of it is required an older kernel is refused', async (t) => {
  const strict = { ...whole, disableBestEffort: true };
  t.match(failure(() => operation(strict, 4)), { code: 'E0592', pointer: `/annotations/${name}`,
    message: 'this kernel has Landlock ABI 4, which cannot refuse ioctl_dev, signal; ABI 6 is required' });
  t.match(failure(() => operation(strict)).message, /has no Landlock/);
  t.ok(operation(strict, 6));
});

t.test('numbers are bits: those of a newer kernel pass where it may know them', async (t) => {
  const newer = { ruleset: { handledAccessFS: [2, 0x100000] } };
  t.equal(operation(newer, 7)!.fs, 2, 'this one is known not to know it');
  t.equal(operation(newer, 99)!.fs, 0x100002);
  t.match(failure(() => operation({ ...newer, disableBestEffort: true }, 7)).message,
    /refuse 1048576; a newer one is required/);
});

t.test('what is wrong in it is said', async (t) => {
  const rule = (allowedAccess: unknown, paths: unknown = ['/x']): unknown => ({
    ruleset: { handledAccessFS: ['read_file'] },
    rules: { pathBeneath: [{ allowedAccess, paths }] },
  });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ['{', /it is no JSON/],
    ['[]', /it is no object/],
    [{ ruleset: {} }, /it handles nothing/],
    [{ rulesets: {} }, /\/rulesets: no such property is known/],
    [{ ruleset: { handledAccessFS: ['read_files'] } }, /handledAccessFS\/0: no such right is known/],
    [{ ruleset: { handledAccessFS: [-1] } }, /no such right/],
    [{ ruleset: { handledAccessFS: 'read_file' } }, /it is no list/],
    [rule([]), /allowedAccess: it allows nothing/],
    [rule(['write_file']), /write_file is allowed but not handled/],
    [rule(['read_file'], ['x']), /paths\/0: it is no absolute path/],
    [{ ruleset: { handledAccessNet: ['bind_tcp'] },
      rules: { netPort: [{ allowedAccess: ['bind_tcp'], ports: [65536] }] } }, /ports\/0: it is no port/],
    [{ ruleset: { scoped: ['signal'] }, disableBestEffort: 1 }, /it is no boolean/],
  ];
  for (const [value, message] of cases) {
    const found = failure(() => operation(value, 7));
    t.match(found, { code: 'E0591', pointer: `/annotations/${name}`, message });
  }
});

t.test('it takes no_new_privs or CAP_SYS_ADMIN', async (t) => {
  const without = (capabilities: string[]) =>
    annotated(whole, (config) => {
      config.process.noNewPrivileges = false;
      config.process.capabilities = { effective: capabilities, permitted: capabilities };
    });
  t.match(failure(() => planOf(without([]), { landlock: 7 })), { code: 'E0594', pointer: `/annotations/${name}` });
  t.ok(names(planOf(without(['CAP_SYS_ADMIN']), { landlock: 7 }).programs.init).includes('landlock.restrict'));
});

t.test('it comes last but for a late filter, and behind hooks', async (t) => {
  const order = (change: (config: Config) => void): string[] =>
    names(planOf(annotated(whole, change), { landlock: 7 }).programs.init)
      .filter((op) =>
        ['landlock.restrict', 'seccomp.load', 'hook.run', 'start.wait', 'privileges.none', 'program.find']
          .includes(op)
      );
  const filter = (config: Config): void => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
  };
  t.same(order(filter), ['privileges.none', 'program.find', 'landlock.restrict', 'start.wait', 'seccomp.load']);
  t.same(
    order((config) => {
      filter(config);
      config.hooks = { startContainer: [{ path: '/bin/true' }] };
    }),
    ['privileges.none', 'program.find', 'start.wait', 'hook.run', 'landlock.restrict', 'seccomp.load'],
  );
});

t.test('a further process has it, and images have not', async (t) => {
  const config = defaultConfig();
  annotated(whole)(config);
  const spec = config as unknown as Spec;
  const plan = compileExec(spec, spec.process!, [], 'strict', context({ landlock: 7 }));
  t.ok(names(plan.programs.init).includes('landlock.restrict'));
  t.match(failure(() => compileCheckpoint(spec, {} as CriuFlags, context())), { code: 'E0595' });
});

t.test('without the annotation nothing is done', async (t) => {
  t.notOk(names(planOf(() => {}, { landlock: 7 }).programs.init).includes('landlock.restrict'));
});
