// dprint-ignore-file: a table, one row a line where it fits
// The command unpack.
import { json } from './flags.ts';
import type { Command } from './types.ts';

export const unpack: Command = {
  name: 'unpack', summary: 'make a bundle of an image', operands: 'IMAGE[:REF] [BUNDLE]', minOperands: 1, maxOperands: 2,
  description: 'Makes a bundle of an image: an OCI image layout, a directory or an archive, or an archive that docker save or podman save '
    + 'has written; `-` is an archive on standard input. REF chooses one of several images. Every digest is verified. The layers are '
    + 'unpacked to a cache, each once. BUNDLE gets a config.json by the configuration of the image, whose root file system is an overlay '
    + 'of these layers and of a writable one in BUNDLE. With `--copy`, with id mappings, and where the kernel or the file system '
    + 'has no overlay it has files of its own. Without BUNDLE the layers are printed as JSON. Images are fetched from '
    + 'registries by other programs, such as skopeo.',
  flags: [
    { name: 'cache', kind: 'string', value: 'DIR', path: true,
      summary: 'where layers are kept [/var/lib/veloci/layers, or ~/.local/share/veloci/layers for a user]' },
    { name: 'copy', kind: 'bool', summary: 'give the bundle files of its own, which do not need the cache and can be moved' },
    { name: 'platform', kind: 'string', value: 'OS/ARCH[/VARIANT]', summary: 'the platform of the image [that of this host]' },
    { name: 'user', also: ['u'], kind: 'string', value: 'USER[:GROUP]', summary: 'run as that user, not as the one of the image' },
    { name: 'uid-map', kind: 'list', value: 'CONTAINER:HOST:SIZE', summary: 'owners of files, for a user namespace (repeatable)' },
    { name: 'gid-map', kind: 'list', value: 'CONTAINER:HOST:SIZE', summary: 'groups of files, for a user namespace (repeatable)' },
    { name: 'devices', kind: 'bool', summary: 'make all devices of the image, not only those that every container has' },
    { name: 'max-size', kind: 'int', value: 'MIB', summary: 'refuse layers that unpack to more than that [65536, and a hundred times their size]' },
    { ...json, summary: 'print layers or root, and configuration, as JSON; always without BUNDLE' },
  ],
  examples: [
    { line: 'veloci unpack web.tar /srv/web', what: 'make the bundle /srv/web of what "docker save -o web.tar web" has written' },
    { line: 'veloci unpack - /srv/web < web.tar', what: 'the same of standard input, which "docker save" may write to' },
    { line: 'veloci unpack layout:v2 /srv/web', what: 'the same of the image v2 of an OCI image layout' },
  ],
  environment: ['XDG_DATA_HOME', 'HOME', 'TMPDIR'], files: ['config.json', '/var/lib/veloci/layers/', '~/.local/share/veloci/layers/'],
  see: ['run', 'spec', 'skopeo(1)', 'docker-save(1)'],
};
