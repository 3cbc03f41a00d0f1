// Device rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE: cgroup v2 has no files for them.
import type { DeviceRule } from './device-rules.ts';

// Instruction classes and operations of linux/bpf.h.
const LDX_MEM_W = 0x61;
const ALU_AND_K = 0x54;
const ALU_RSH_K = 0x74;
const ALU_MOV_K = 0xb4;
const ALU_MOV_X = 0xbc;
const JMP_JNE_K = 0x55;
const JMP_JEQ_K = 0x15;
const JMP_JA = 0x05;
const EXIT = 0x95;

// Registers: the context at entry and then scratch; type, access, major and minor of the request.
const RESULT = 0;
const SCRATCH = 1;
const TYPE = 2;
const ACCESS = 3;
const MAJOR = 4;
const MINOR = 5;

/** Kinds of BPF_DEVCG_DEV_*. */
const kinds = { b: 1, c: 2 } as const;

/** Bits of BPF_DEVCG_ACC_*. */
function accessBits(access: string): number {
  return (access.includes('m') ? 1 : 0) | (access.includes('r') ? 2 : 0) | (access.includes('w') ? 4 : 0);
}

/**
 * Compiles device rules, the last one first: a denying rule decides when it has any of the rights that are asked for, an
 * allowing one takes its rights off them, and decides when none is left. No rule: denied.
 *
 * @returns instructions of 8 bytes each, little-endian
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const words: number[] = [];
  emit(words, LDX_MEM_W, TYPE, SCRATCH, 0, 0);
  emit(words, ALU_MOV_X, ACCESS, TYPE, 0, 0);
  emit(words, ALU_AND_K, TYPE, 0, 0, 0xffff);
  emit(words, ALU_RSH_K, ACCESS, 0, 0, 16);
  emit(words, LDX_MEM_W, MAJOR, SCRATCH, 4, 0);
  emit(words, LDX_MEM_W, MINOR, SCRATCH, 8, 0);
  for (let index = rules.length - 1; index >= 0; index--) {
    if (!emitRule(words, rules[index]!)) return toBytes(words);
  }
  emitVerdict(words, false);
  return toBytes(words);
}

/** Adds a rule; false when it fits every request, so that nothing behind it is reached. */
function emitRule(words: number[], rule: DeviceRule): boolean {
  const bits = accessBits(rule.access);
  const rights = bits === 7 ? 0 : rule.allow ? 2 : 3;
  const tests: (readonly [register: number, value: number])[] = [];
  if (rule.minor >= 0) tests.push([MINOR, rule.minor]);
  if (rule.major >= 0) tests.push([MAJOR, rule.major]);
  if (rule.type !== 'a') tests.push([TYPE, kinds[rule.type]]);
  // Instructions from the next one to the end of the rule: where a test that fails jumps to. The kernel's verifier keeps
  // the branches that are still to be seen, 8192 at most: this way it is one for each rule.
  let remaining = 2 * tests.length + rights + 2;
  for (const [register, value] of tests) {
    emit(words, JMP_JEQ_K, register, 0, 1, value);
    emit(words, JMP_JA, 0, 0, remaining -= 2, 0);
  }
  if (rights === 2) {
    emit(words, ALU_AND_K, ACCESS, 0, 0, 7 & ~bits);
    emit(words, JMP_JNE_K, ACCESS, 0, 2, 0);
  } else if (rights === 3) {
    emit(words, ALU_MOV_X, SCRATCH, ACCESS, 0, 0);
    emit(words, ALU_AND_K, SCRATCH, 0, 0, bits);
    emit(words, JMP_JEQ_K, SCRATCH, 0, 2, 0);
  }
  emitVerdict(words, rule.allow);
  return tests.length + rights > 0;
}

function emitVerdict(words: number[], allow: boolean): void {
  emit(words, ALU_MOV_K, RESULT, 0, 0, allow ? 1 : 0);
  emit(words, EXIT, 0, 0, 0, 0);
}

function emit(words: number[], code: number, dst: number, src: number, offset: number, value: number): void {
  words.push(code | (dst | (src << 4)) << 8 | offset << 16, value);
}

function toBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    bytes[index * 4] = word;
    bytes[index * 4 + 1] = word >>> 8;
    bytes[index * 4 + 2] = word >>> 16;
    bytes[index * 4 + 3] = word >>> 24;
  }
  return bytes;
}
