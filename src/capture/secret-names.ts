// Which names are those of secrets.

/** Wherever they stand in a name: PGPASSWORD, dbToken. */
const within =
  /passw(?:or)?d|passphrase|passcode|secret|token|credential|api[-_.]?key|bearer|private[-_.]?key|access[-_.]?key/i;

/** Only as a word of its own: `author` and `monkey` are no secrets. */
const words: ReadonlySet<string> = new Set(['auth', 'authorization', 'cookie', 'creds', 'dsn', 'jwt', 'key', 'otp',
  'pass', 'pin', 'psk', 'pw', 'pwd', 'sas', 'session', 'sig', 'signature']);

/** Whether a variable, flag, option, annotation or member of this name holds a secret. */
export function isSecretName(name: string): boolean {
  if (within.test(name)) return true;
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').split(/[^A-Za-z0-9]+/)
    .some((word) => words.has(word.toLowerCase()));
}
