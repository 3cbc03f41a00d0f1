// What one entry of `mounts` asks for, read from its option texts by the table of src/spec/mount-options.ts.
import type { FsOption, Propagation } from '../../../generated/plan.ts';
import { accessTime, mountOption, parametersOf } from '../../../spec/mount-options.ts';
import type { IdmapText } from '../../../spec/idmap-option.ts';
import type { Mount } from '../../../generated/config.ts';

export interface MountRequest {
  /** Attributes to set and to clear on the mount itself, and on every mount below. */
  readonly set: number;
  readonly clear: number;
  readonly setAll: number;
  readonly clearAll: number;
  readonly propagation: Propagation;
  readonly bind: boolean;
  readonly recursive: boolean;
  readonly remount: boolean;
  readonly copyUp: boolean;
  /** Bits of LinkUseFlag. */
  readonly links: number;
  /** Map the ids; `undefined` = leave them. */
  readonly idmap: Idmap | undefined;
  /** Parameters of the file system. */
  readonly data: readonly FsOption[];
}

/** What idmap and ridmap ask for. */
export interface Idmap {
  readonly recursive: boolean;
  /** Index of the option; undefined when the mount has mappings alone. */
  readonly option: number | undefined;
  readonly text: IdmapText | undefined;
}

const none: readonly FsOption[] = [];

/** Reads the options; the last of contradicting ones counts, but `bind` behind `rbind` takes nothing away. */
export function readRequest(mount: Mount): MountRequest {
  let set = 0;
  let clear = 0;
  let setAll = 0;
  let clearAll = 0;
  let propagation: Propagation = 'keep';
  let bind = mount.type === 'bind';
  let recursive = false;
  let remount = false;
  let copyUp = false;
  let links = 0;
  let idmap: Idmap | undefined = mount.uidMappings === undefined && mount.gidMappings === undefined
    ? undefined
    : { recursive: false, option: undefined, text: undefined };
  let data: FsOption[] | undefined;
  const { options } = mount;
  if (options !== undefined) {
    for (let index = 0; index < options.length; index++) {
      const text = options[index]!;
      const option = mountOption(text);
      if (option === undefined) {
        data ??= [];
        for (const part of parametersOf(text)) data.push(parameter(part));
        continue;
      }
      switch (option.kind) {
        case 'attribute': {
          const off = (option.clear & accessTime) === 0 ? option.clear & ~option.set : accessTime;
          if (option.recursive) {
            setAll = (setAll & ~off) | option.set;
            clearAll = (clearAll & ~option.set) | off;
          } else {
            set = (set & ~off) | option.set;
            clear = (clear & ~option.set) | off;
          }
          break;
        }
        case 'propagation':
          propagation = option.propagation;
          break;
        case 'bind':
          bind = true;
          recursive ||= option.recursive;
          break;
        case 'remount':
          remount = true;
          break;
        case 'copyUp':
          copyUp = true;
          break;
        case 'superblock':
          data ??= [];
          data.push({ key: option.key });
          break;
        case 'version':
          if (mount.type !== 'ext4') break;
          data ??= [];
          data.push({ key: 'i_version' });
          break;
        case 'idmap':
          idmap = { recursive: option.recursive, option: index, text: option.text };
          break;
        case 'links':
          links |= option.use;
          break;
        case 'nothing':
          break;
      }
    }
  }
  return { set, clear, setAll, clearAll, propagation, bind, recursive, remount, copyUp, links, idmap,
    data: data ?? none };
}

function parameter(text: string): FsOption {
  const equals = text.indexOf('=');
  return equals < 0 ? { key: text } : { key: text.slice(0, equals), value: text.slice(equals + 1) };
}
