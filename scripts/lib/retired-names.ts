/** Names that say nothing to whoever reads them first, by the folder where they are retired. */
const retired: Readonly<Record<string, readonly string[]>> = {
  native: ['at', 'at_', 'found', 'left', 'made', 'patience', 'said', 'says', 'tell', 'tells', 'told'],
  src: ['made', 'patience', 'said', 'says', 'tell', 'tells', 'told'],
};

/** Comments and literals: what is written for people, and what belongs to formats. */
const notCode = /\/\/.*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** The retired names that a file of src/ or native/ uses. `at(index)` is that of the standard library. */
export function retiredNames(path: string, text: string): string[] {
  const names = retired[path.slice(0, path.indexOf('/'))];
  if (names === undefined || path.includes('/generated/')) return [];
  const code = text.replace(notCode, (part) => '\n'.repeat(part.split('\n').length - 1));
  return code.split('\n').flatMap((line, index) =>
    [...line.matchAll(/[A-Za-z_]\w*/g)]
      .filter(({ 0: name, index: start }) => names.includes(name) && !(name === 'at' && line[start + 2] === '('))
      .map(({ 0: name }) =>
        `${path}:${index + 1} has the name "${name}": say what it is (scripts/lib/retired-names.ts)`
      )
  );
}
