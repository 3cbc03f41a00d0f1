// What an installation consists of: the install script copies it, packages may take their list from here.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file of an installation: where it lies in the checkout, its place below the prefix, and its mode. */
export interface InstalledFile {
  readonly from: string;
  readonly to: string;
  readonly mode: number;
}

/** The files of an installation, after a build. */
export function installation(checkout: string): InstalledFile[] {
  const pages = readdirSync(join(checkout, 'dist/share/man/man8')).map((name) => `share/man/man8/${name}`);
  return [
    { from: 'dist/bin/veloci', to: 'bin/veloci', mode: 0o755 },
    { from: 'dist/bin/veloci-unpack', to: 'bin/veloci-unpack', mode: 0o755 },
    ...pages.map((page) => ({ from: `dist/${page}`, to: page, mode: 0o644 })),
    { from: 'docs/completion/veloci.bash', to: 'share/bash-completion/completions/veloci', mode: 0o644 },
    { from: 'packaging/zsh', to: 'share/zsh/site-functions/_veloci', mode: 0o644 },
    { from: 'docs/completion/veloci.fish', to: 'share/fish/vendor_completions.d/veloci.fish', mode: 0o644 },
  ].map(({ from, to, mode }) => ({ from: join(checkout, from), to, mode }));
}
