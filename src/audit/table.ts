// The one table of rules: findings, docs/audit.md, SARIF and `veloci explain RULE` are made from it.
import { capabilityRules } from './table/capabilities.ts';
import { deviceRules } from './table/devices.ts';
import { fileRules } from './table/files.ts';
import { identityRules } from './table/identity.ts';
import { kernelRules } from './table/kernel.ts';
import { namespaceRules } from './table/namespaces.ts';
import { resourceRules } from './table/resources.ts';
import type { Rule } from './types.ts';

/** Rules by topic, in the order of the documentation. */
export const chapters = {
  'Identity and privileges': identityRules,
  'Capabilities': capabilityRules,
  'Namespaces': namespaceRules,
  'Files and mounts': fileRules,
  'Devices': deviceRules,
  'System calls and the kernel': kernelRules,
  'Limits, programs and secrets': resourceRules,
} as const;

export const rules = { ...identityRules, ...capabilityRules, ...namespaceRules, ...fileRules, ...deviceRules,
  ...kernelRules, ...resourceRules } as const;

export type RuleName = keyof typeof rules;

/** A rule by its id. */
export function ruleOf(name: string): Rule | undefined {
  return Object.hasOwn(rules, name) ? rules[name as RuleName] : undefined;
}
