import { configAnnotation } from '../../plan/concern/criu.ts';
import { pointerPart } from '../../spec/parse/position.ts';
import { hostHookKinds } from '../../spec/hook-kinds.ts';
import type { Report } from '../report.ts';
import type { View } from '../view.ts';

/** Programs of the host that run for the container. */
export function checkPrograms({ spec: { hooks, annotations, linux } }: View, report: Report): void {
  for (const kind of hostHookKinds) {
    hooks?.[kind]?.forEach(({ path }, index) => {
      report.add('hook-host', `/hooks/${kind}/${index}/path`, { kind, path });
    });
  }
  const criu = annotations?.[configAnnotation] ?? '';
  if (criu !== '') report.add('criu-configuration', `/annotations/${pointerPart(configAnnotation)}`, { path: criu });
  for (const name of Object.keys(linux?.netDevices ?? {}))
    report.add('network-device', `/linux/netDevices/${pointerPart(name)}`, { name });
}

/** Names of variables that hold secrets, and beginnings of values that are some. */
const secretName =
  /(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)(_|$)/i;
const secretValue =
  /^(AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|glpat-|sk-\w{20,}|xox[abp]-|-----BEGIN [A-Z ]*PRIVATE KEY-----)/;
/** They name a file that has the secret: as it should be. */
const fileName = /_(FILE|PATH|DIR)$/i;

/** Secrets in the environment; their values are never repeated. */
export function checkEnvironment({ process, spec: { hooks } }: View, report: Report): void {
  const check = (env: readonly string[] | undefined, pointer: string): void => {
    env?.forEach((entry, index) => {
      const sign = entry.indexOf('=');
      const [name, value] = [entry.slice(0, sign), entry.slice(sign + 1)];
      if (sign <= 0 || value === '' || fileName.test(name)) return;
      if (secretName.test(name) || secretValue.test(value))
        report.add('secret-in-environment', `${pointer}/${index}`, { name });
    });
  };
  check(process?.env, '/process/env');
  for (const kind of [...hostHookKinds, 'startContainer'] as const)
    hooks?.[kind]?.forEach(({ env }, index) => {
      check(env, `/hooks/${kind}/${index}/env`);
    });
}
