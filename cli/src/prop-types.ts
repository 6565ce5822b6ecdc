import { parseSync } from 'oxc-parser';

/** What a template's file says of its props: a type by name, the declarations that it takes, and the props that they name. */
export type PropTypes = { name: string; declarations: readonly string[]; keys: ReadonlySet<string> };

type AstNode = { type: string; start: number; end: number; [key: string]: unknown };

/** What stands for what at the top of a file. */
type FileScope = {
  body: readonly AstNode[];
  /** Interfaces and aliases; an interface may be declared in parts. */
  types: ReadonlyMap<string, readonly AstNode[]>;
  /** Functions, and variables with what they are set to. */
  values: ReadonlyMap<string, AstNode>;
  /** Names whose types are not written here, or not as a type: imports, classes, enums, namespaces. */
  foreign: ReadonlySet<string>;
};

/** Of TypeScript itself, and of what JSON can carry: a prop that is a `Date` here arrives as a text. */
const BUILT_IN = new Set(
  `Array Capitalize Exclude Extract Lowercase NonNullable Omit Partial Pick Readonly ReadonlyArray Record
   Required Uncapitalize Uppercase`.split(/\s+/),
);
const COMPONENT_TYPES = new Set(['FC', 'FunctionComponent']);

/**
 * The type of the first parameter of a file's default export, as it is written there. Null where it has none, or one that needs more than
 * this file and the language: what is not known for sure must not refuse props that are fine.
 */
export function findPropTypes(path: string, source: string): PropTypes | null {
  const text = source.replace(/^\uFEFF/, '');
  const { program, errors } = parseSync(path, text, { preserveParens: false });
  if (errors.length > 0) return null;
  const file = readScope(nodesIn(program.body));
  const type = findProps(file);
  const needed = type === null ? null : collectNeeded(type, file);
  if (type === null || needed === null) return null;
  const declarations = needed.map((node) => textOf(node, text));
  const keys = new Set([type, ...needed].flatMap((node) => [...walk(node)].flatMap(keyOf)));
  const own = nameOf(type.typeName);
  if (own !== null && !type.typeArguments && file.types.has(own)) return { name: own, declarations, keys };
  const name = toFreeName(file);
  return { name, declarations: [...declarations, `type ${name} = ${textOf(type, text)};`], keys };
}

function readScope(body: readonly AstNode[]): FileScope {
  const types = new Map<string, AstNode[]>();
  const values = new Map<string, AstNode>();
  const foreign = new Set<string>();
  for (const statement of body) {
    const node = isNode(statement.declaration) ? statement.declaration : statement;
    const name = nameOf(node.id);
    if (node.type === 'VariableDeclaration') {
      for (const one of nodesIn(node.declarations)) values.set(nameOf(one.id) ?? '', one);
    } else if (node.type === 'ImportDeclaration') {
      for (const { local } of nodesIn(node.specifiers)) foreign.add(nameOf(local) ?? '');
    } else if (name === null) continue;
    else if (node.type === 'TSTypeAliasDeclaration' || node.type === 'TSInterfaceDeclaration')
      types.set(name, [...(types.get(name) ?? []), node]);
    else if (node.type === 'FunctionDeclaration') values.set(name, node);
    else foreign.add(name);
  }
  return { body, types, values, foreign };
}

function findProps(file: FileScope): AstNode | null {
  for (const { type, declaration, specifiers, source } of file.body) {
    if (type === 'ExportDefaultDeclaration') return propsOf(resolve(declaration, file), file);
    if (type !== 'ExportNamedDeclaration' || source) continue;
    const found = nodesIn(specifiers).find(({ exported }) => nameOf(exported) === 'default');
    if (found) return propsOf(resolve(found.local, file), file);
  }
  return null;
}

/** What a name was declared as, or else the expression itself. */
function resolve(node: unknown, file: FileScope): unknown {
  const name = nameOf(node);
  return name === null ? node : file.values.get(name);
}

function propsOf(node: unknown, file: FileScope): AstNode | null {
  if (!isNode(node)) return null;
  if (node.type === 'VariableDeclarator') {
    const declared = annotationOf(node.id);
    return declared === null ? propsOf(node.init, file) : propsOfComponent(declared, file);
  }
  // A type parameter of the function is a name that nothing stands for outside it.
  if (!/^(?:Arrow)?Function/.test(node.type) || node.typeParameters) return null;
  const [first] = nodesIn(node.params);
  return annotationOf(first?.type === 'AssignmentPattern' ? first.left : first);
}

/** The `Props` of React's `FC<Props>`. */
function propsOfComponent({ typeName, typeArguments }: AstNode, file: FileScope): AstNode | null {
  const isQualified = isNode(typeName) && typeName.type === 'TSQualifiedName';
  const name = nameOf(isQualified ? typeName.right : typeName) ?? '';
  const from = nameOf(isQualified ? typeName.left : typeName) ?? '';
  if (!COMPONENT_TYPES.has(name) || !file.foreign.has(from) || !isNode(typeArguments)) return null;
  return nodesIn(typeArguments.params)[0] ?? null;
}

/** The declarations that a type leads to, in the order of the file; null where one is not to be had. */
function collectNeeded(type: AstNode, file: FileScope): AstNode[] | null {
  const needed = new Set<AstNode>();
  const open = [type];
  for (const node of open) {
    for (const name of referencesOf(node, file)) {
      if (name === null || file.foreign.has(name)) return null;
      const declared = file.types.get(name);
      if (!declared && !BUILT_IN.has(name)) return null;
      const fresh = (declared ?? []).filter((one) => !needed.has(one));
      for (const one of fresh) needed.add(one);
      open.push(...fresh);
    }
  }
  return [...needed].toSorted((a, b) => a.start - b.start);
}

/** The names of types in a type, and null for whatever is no plain name. Its own parameters are none. */
function referencesOf(node: AstNode, file: FileScope): (string | null)[] {
  const all = [...walk(node)];
  const own = new Set(
    all.flatMap((one) => {
      if (one.type === 'TSTypeParameter') return [nameOf(one.name)];
      return one.type === 'TSMappedType' ? [nameOf(one.key)] : [];
    }),
  );
  const isOwn = (name: string | null) =>
    own.has(name) && !file.types.has(name ?? '') && !file.foreign.has(name ?? '');
  return all.flatMap(toReference).filter((name) => name === null || !isOwn(name));
}

function toReference(node: AstNode): (string | null)[] {
  switch (node.type) {
    case 'TSTypeReference':
      return [nameOf(node.typeName)];
    case 'TSInterfaceHeritage':
      return [nameOf(node.expression)];
    case 'TSTypeQuery':
    case 'TSImportType':
      return [null];
    default:
      // A computed key is a value, unless it is written as one.
      return node.computed === true && isNode(node.key) && node.key.type !== 'Literal' ? [null] : [];
  }
}

function keyOf(node: AstNode): string[] {
  if (node.type !== 'TSPropertySignature' && node.type !== 'TSMethodSignature') return [];
  const name = nameOf(node.key) ?? (isNode(node.key) ? node.key['value'] : null);
  return typeof name === 'string' ? [name] : [];
}

function toFreeName({ types, foreign }: FileScope): string {
  let name = 'Props';
  while (types.has(name) || foreign.has(name)) name = `${name}_`;
  return name;
}

function textOf({ start, end, declare: isAmbient }: AstNode, text: string): string {
  const slice = text.slice(start, end);
  // All of a declaration file is ambient, and says it once.
  return isAmbient === true ? slice.replace(/^declare\s+/, '') : slice;
}

function annotationOf(node: unknown): AstNode | null {
  const annotation = isNode(node) && isNode(node.typeAnnotation) ? node.typeAnnotation.typeAnnotation : null;
  return isNode(annotation) ? annotation : null;
}

function nameOf(node: unknown): string | null {
  return isNode(node) && node.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : null;
}

function* walk(value: unknown): Generator<AstNode> {
  if (Array.isArray(value)) for (const item of value) yield* walk(item);
  if (!isNode(value)) return;
  yield value;
  for (const child of Object.values(value)) yield* walk(child);
}

function nodesIn(value: unknown): AstNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
