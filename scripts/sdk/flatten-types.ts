import ts from 'typescript59';

const FORMAT =
  ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.UseStructuralFallback;

const FOREIGN = /import\("([^"]+)"\)\.(\w+)/g;

/**
 * Spells out every type that a file exports: no bundler of declarations follows types through the server's route builder, but the
 * compiler itself knows what they come to. Named types of other files that remain (recursive ones have to) are written beside them.
 */
export function flattenTypes(program: ts.Program, file: string): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  if (!source) throw new Error(`there is no ${file}`);
  const own = exportsOf(program, file);
  const ownNames = new Map(own.map((symbol) => [checker.getDeclaredTypeOfSymbol(symbol), symbol.name]));
  const foreign = createForeignTypes(own.map(({ name }) => name));
  const find = (path: string, member: string): ts.Symbol => {
    const symbol = exportsOf(program, `${path}.ts`).find((candidate) => candidate.name === member);
    if (!symbol) throw new Error(`${path} exports no ${member}`);
    return symbol;
  };
  const nameOf = (path: string, member: string): string =>
    ownNames.get(checker.getDeclaredTypeOfSymbol(find(path, member))) ?? foreign.nameOf(path, member);
  const declare = (symbol: ts.Symbol, keyword: string, name: string): string => {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Never)) {
      throw new Error(`${symbol.name} came to nothing; the server's routes have changed under it`);
    }
    if (type.aliasTypeArguments) throw new Error(`${symbol.name} has parameters, which are not spelled out`);
    const text = checker
      .typeToString(type, source, FORMAT)
      .replace(FOREIGN, (_, path, member) => nameOf(path, member));
    return `${toComment(symbol, checker)}${keyword} ${name} = ${text};\n`;
  };
  const lines = own.map((symbol) => declare(symbol, 'export type', symbol.name));
  for (let next = foreign.next(); next; next = foreign.next()) {
    const { path, member, name } = next;
    lines.push(declare(find(path, member), 'type', name));
  }
  // Without this line everything in a declaration is exported.
  return [...lines, 'export {};\n'].join('\n');
}

type ForeignType = { path: string; member: string; name: string };

/** Gives types of other files names of their own, and hands each out once to be declared. */
function createForeignTypes(reserved: readonly string[]) {
  const named = new Map<string, string>();
  const pending: ForeignType[] = [];
  return {
    nameOf(path: string, member: string): string {
      const key = `${path}:${member}`;
      const known = named.get(key);
      if (known !== undefined) return known;
      const taken = new Set([...reserved, ...named.values()]);
      let name = member;
      for (let count = 2; taken.has(name); count += 1) name = `${member}${count}`;
      named.set(key, name);
      pending.push({ path, member, name });
      return name;
    },
    next: () => pending.shift(),
  };
}

function exportsOf(program: ts.Program, file: string): ts.Symbol[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} is no module`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
}

function toComment(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return text === '' ? '' : `/** ${text.replaceAll('\n', '\n * ')} */\n`;
}
