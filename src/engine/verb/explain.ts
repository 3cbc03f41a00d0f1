// explain: what a property of config.json or a code means. The texts come with the request (src/generated/explain.json):
// as a part of the engine they would cost the start of every container.
import { diagnose } from '../../diagnostic/diagnose.ts';
import { entriesByCode } from '../../diagnostic/entries.ts';
import { indent } from '../../diagnostic/marks.ts';
import type { Entry } from '../../diagnostic/types.ts';
import type { Response } from '../../generated/plan.ts';
import { capabilityNames } from '../../spec/capabilities.ts';
import { mountOptionNames } from '../../spec/mount-options.ts';
import { suggest } from '../../spec/suggest.ts';
import { ruleOf, rules } from '../../audit/table.ts';
import type { Rule } from '../../audit/types.ts';
import type { Call } from '../call.ts';
import { InvalidDocument } from '../read.ts';
import { answerText } from '../respond.ts';
import type { PropertyNode, Topics } from '../topics.ts';

/** @throws InvalidDocument when nothing has this name */
export function explain(call: Call): Response {
  const { text = '{}' } = call.host.scan(call.blobs.config ?? new Uint8Array());
  const { config, why, retired } = JSON.parse(text) as Topics;
  const codes = entriesByCode();
  const topic = (call.request.operands?.[0] ?? '').trim();
  const old = topic.toUpperCase();
  const now = retired[old] ?? old;
  const lines = codes.get(now);
  if (lines !== undefined)
    return answerText(
      (now === old ? '' : `${old} is no longer used: it is ${now} now\n\n`) + codeText(now, lines, why[now]),
    );
  const rule = ruleOf(topic.toLowerCase());
  if (rule !== undefined) return answerText(ruleText(topic.toLowerCase(), rule));
  if (isCode(topic)) throw unknownTopic(topic, codeLike(topic, codes));
  const steps = stepsOf(topic);
  const match = follow(config, steps);
  if (match !== undefined) return answerText(propertyText(match.path, match.node));
  const places = steps.length === 1 ? placesOf(config, steps[0]!, '') : [];
  if (places.length === 1) return answerText(propertyText(places[0]!.path, places[0]!.node));
  if (places.length > 1) return answerText(table(places.map(({ path, node }) => [path, node.text])));
  throw unknownTopic(topic,
    suggestFor(config, steps) ?? suggest(topic, [...namesBelow(config), ...Object.keys(rules)]));
}

function unknownTopic(topic: string, suggestion: string | undefined): InvalidDocument {
  return new InvalidDocument([diagnose('topicUnknown', { topic, suggestion })]);
}

/** `linux.devices[0].path`, `/linux/devices/0/path` and `linux.devices.path` as steps, without the indices. */
function stepsOf(topic: string): string[] {
  const steps = topic.startsWith('/')
    ? topic.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : topic.split(/[.[\]]/);
  return steps.filter((step) => step !== '' && step !== '*' && step !== 'config' && !/^\d+$/.test(step));
}

interface Match {
  readonly path: string;
  readonly node: PropertyNode;
}

/** Follows steps from a property down; lists need no step, an object of any keys takes the rest of a name. */
function follow(config: PropertyNode, steps: readonly string[]): Match | undefined {
  let path = '';
  let node = config;
  // An element or a value that has no words of its own is explained by what holds it.
  const enter = (part: PropertyNode, mark: string): void => {
    if (part.text === '' && part.properties === undefined) return;
    path += mark;
    node = part;
  };
  for (let depth = 0; depth < steps.length;) {
    const step = steps[depth]!;
    const next = Object.hasOwn(node.properties ?? {}, step) ? node.properties![step] : undefined;
    if (next !== undefined) {
      path = path === '' ? step : `${path}.${step}`;
      node = next;
      depth++;
    } else if (node.items !== undefined) {
      // A value that is known ends the way: mounts.options.nosuid.
      if (valuesOf(path, node.items)?.includes(step) === true) return { path, node };
      if (node.items.properties === undefined) return undefined;
      enter(node.items, '[]');
    } else if (node.any !== undefined) {
      depth = node.any.properties === undefined ? steps.length : depth + 1;
      enter(node.any, '.*');
    } else {
      return undefined;
    }
  }
  return { path, node };
}

/** The values of an element of the list at a path: of its schema, or of a table of the compiler. */
function valuesOf(path: string, element: PropertyNode): readonly string[] | undefined {
  if (path === 'mounts[].options') return [...mountOptionNames()].sort();
  return path.startsWith('process.capabilities.') ? capabilityNames() : element.values;
}

/** Everywhere that a property has this name. */
function placesOf(node: PropertyNode, name: string, path: string): Match[] {
  const matches: Match[] = [];
  for (const [key, part] of Object.entries(node.properties ?? {})) {
    const own = path === '' ? key : `${path}.${key}`;
    if (part.platform !== undefined) continue;
    if (key === name) matches.push({ path: own, node: part });
    matches.push(...placesOf(part, name, own));
  }
  if (node.items !== undefined) matches.push(...placesOf(node.items, name, `${path}[]`));
  if (node.any !== undefined) matches.push(...placesOf(node.any, name, `${path}.*`));
  return matches;
}

/** Whether a code is meant: `E412`, `0412`, `EO412`. */
function isCode(topic: string): boolean {
  return /^e?[-_]?o?\d+$/i.test(topic);
}

/** The code that a topic is in another form, or the only one that has one digit less, more or other. */
function codeLike(topic: string, codes: ReadonlyMap<string, unknown>): string | undefined {
  const digits = topic.replace(/\D/g, '');
  const code = `E${digits.padStart(4, '0')}`;
  if (codes.has(code)) return code;
  // Whole numbers with another digit are other codes, not near ones.
  if (digits.length === 4) return undefined;
  const near = [...codes.keys()].filter((known) => suggest(digits, [known.slice(1)]) !== undefined);
  return near.length === 1 ? near[0] : undefined;
}

/** Every name of a property. */
function namesBelow(node: PropertyNode, names = new Set<string>()): ReadonlySet<string> {
  for (const [name, part] of Object.entries(node.properties ?? {})) {
    if (part.platform !== undefined) continue;
    names.add(name);
    namesBelow(part, names);
  }
  for (const part of [node.items, node.any]) if (part !== undefined) namesBelow(part, names);
  return names;
}

/** The path with its first wrong step put right, when that is a misspelt one; whole, when the rest of it leads on from there. */
function suggestFor(config: PropertyNode, steps: readonly string[]): string | undefined {
  for (let count = steps.length - 1; count >= 0; count--) {
    const match = follow(config, steps.slice(0, count));
    if (match === undefined) continue;
    const { properties } = match.node.items ?? match.node;
    const word = suggest(steps[count]!, Object.keys(properties ?? {}));
    if (word === undefined) return undefined;
    const right = [...steps.slice(0, count), word];
    const whole = [...right, ...steps.slice(count + 1)];
    return (follow(config, whole) === undefined ? right : whole).join('.');
  }
  return undefined;
}

function codeText(code: string, lines: readonly Entry[], why: string | undefined): string {
  const { message, warning } = lines[0]!;
  const hints = new Set(lines.flatMap(({ hint, otherwise }) => [hint, otherwise]).filter((text) => text !== undefined));
  let text = `${code} (${warning === true ? 'warning' : 'error'})\n\n${prose(shown(message))}`;
  if (hints.size > 0) text += `\nwhat to do\n${[...hints].map((hint) => prose(shown(hint))).join('')}`;
  if (why !== undefined) text += `\nbackground\n${prose(why)}`;
  return text;
}

/** A rule of the audit. */
function ruleText(name: string, { risk, confined = risk, message, why, remedy, references }: Rule): string {
  const other = confined === risk ? '' : `; in a user namespace: ${confined === 'none' ? 'no finding' : confined}`;
  // Some rules take their words from what was found.
  const reason = /^\{[a-z]+\}$/.test(why) ? '' : `\nwhat an attacker gets\n${prose(shown(why))}`;
  return `${name} (severity ${risk}${other})\n\n${prose(shown(message))}${reason}\nwhat to do\n${
    prose(shown(remedy))
  }\nsee\n${prose(references.join(', '))}`;
}

/** Holes as people write them: `{value}` becomes `VALUE`. */
function shown(template: string): string {
  return template.replace(/\{([A-Za-z][A-Za-z0-9]*)\}/g, (_, name: string) => name.toUpperCase());
}

function propertyText(path: string, node: PropertyNode): string {
  const { type, text, required, supported, platform, values } = node;
  const notes = [required === true ? 'required' : '', platform === undefined ? '' : `for ${platform} only`].filter((
    note,
  ) => note !== '');
  let answer = `${path === '' ? 'config.json' : path}: ${[listType(type, node), ...notes].join(', ')}\n\n${
    prose(text)
  }`;
  if (supported === false) answer += '\n  veloci does not support it yet: a configuration that needs it is refused\n';
  const element = node.items ?? node.any;
  const known = values ?? (element === undefined ? undefined : valuesOf(path, element));
  if (known !== undefined) answer += `\nvalues\n${prose(known.join(', '))}`;
  if (element !== undefined && element.text !== '' && element.text !== text)
    answer += `\neach ${node.items === undefined ? 'value' : 'element'}\n${prose(element.text)}`;
  const properties = node.properties ?? element?.properties;
  if (properties !== undefined) {
    answer += `\nproperties\n${
      table(Object.entries(properties).map(([name, part]) => [
        name,
        `${part.text}${part.required === true ? ' Required.' : ''}${
          part.supported === false ? ' Not supported yet.' : ''
        }`,
      ]))
    }`;
  }
  return answer;
}

function listType(type: string, { items, any }: PropertyNode): string {
  const element = items ?? any;
  return element === undefined ? type : `${type}, each: ${element.type}`;
}

/** Two columns. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(40, Math.max(...rows.map(([name]) => name.length))) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${indent}${text}\n`).join('');
}

/** A line of prose. */
function prose(text: string): string {
  return `  ${indent}${text}\n`;
}
