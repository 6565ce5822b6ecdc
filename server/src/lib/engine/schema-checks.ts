import { isFormatted } from './schema-formats.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json-object.ts';
import type { PropsIssue } from './props-schema.ts';
import { compilePattern, type LinearPattern } from './schema-pattern.ts';

/** Bounds of one validation, shared by all of its checks. */
export type CheckRun = { stepsLeft: number; readonly maxDepth: number; depth: number };

/** Where a value is: a chain of keys, of which a path is made only where something has to be said. */
export type CheckPlace = {
  readonly parent: CheckPlace | null;
  readonly key: string | number;
  readonly issues: PropsIssue[];
  readonly run: CheckRun;
};

/** The place of the whole value. */
export function rootPlace(issues: PropsIssue[], run: CheckRun): CheckPlace {
  return { parent: null, key: '', issues, run };
}

/** Adds to `issues` whatever is wrong with the value. */
export type Check = (value: unknown, place: CheckPlace) => void;

export type CompiledSchema = { ok: true; check: Check } | { ok: false; message: string };

const MAX_SCHEMA_DEPTH = 64;
const MAX_SCHEMA_NODES = 5000;

/** A schema that cannot be used; thrown while compiling and turned into a value at the border. */
class SchemaError extends Error {}

type Compiler = {
  root: JsonObject;
  named: ReadonlyMap<string, JsonObject>;
  /** Checks by the schema object they came from, so that a recursive schema ends. */
  done: Map<JsonObject, Check>;
  nodes: number;
};

/** Compiles a schema to closures. Unknown keywords are annotations, as JSON Schema says. */
export function compileSchema(root: JsonObject): CompiledSchema {
  try {
    const compiler: Compiler = { root, named: collectNames(root), done: new Map(), nodes: 0 };
    return { ok: true, check: compileNode(root, compiler, 0) };
  } catch (error) {
    if (error instanceof SchemaError) return { ok: false, message: error.message };
    throw error;
  }
}

/** `$id`s and `$defs` keys: the names that TypeBox's references use. */
function collectNames(root: JsonObject): Map<string, JsonObject> {
  const named = new Map<string, JsonObject>();
  const visit = (value: JsonValue, depth: number): void => {
    if (depth > MAX_SCHEMA_DEPTH)
      throw new SchemaError(`The schema is nested more than ${MAX_SCHEMA_DEPTH} levels`);
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) {
      const id = own(value, '$id');
      if (typeof id === 'string') named.set(id, value);
    }
    for (const member of Object.values(value)) visit(member, depth + 1);
  };
  visit(root, 0);
  for (const keyword of ['$defs', 'definitions']) {
    const definitions = own(root, keyword);
    if (!isJsonObject(definitions)) continue;
    for (const [name, definition] of Object.entries(definitions)) {
      if (isJsonObject(definition) && !named.has(name)) named.set(name, definition);
    }
  }
  return named;
}

function own(schema: JsonObject, keyword: string): JsonValue | undefined {
  return Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
}

const KEYWORDS: readonly ((schema: JsonObject, compile: SubCompile) => Check | null)[] = [
  compileReference,
  compileType,
  compileConst,
  compileEnum,
  compileString,
  compileNumber,
  compileObject,
  compilePropertyNames,
  compileArray,
  compileContains,
  compileAllOf,
  compileAnyOf,
  compileOneOf,
  compileNot,
  compileCondition,
];

type SubCompile = {
  node(schema: JsonValue): Check;
  reference(name: string): Check;
};

function compileNode(schema: JsonValue, compiler: Compiler, depth: number): Check {
  if (schema === true) return () => {};
  if (schema === false) return (_value, place) => report(place, 'is not allowed');
  if (!isJsonObject(schema)) throw new SchemaError('A schema must be an object or a boolean');
  const known = compiler.done.get(schema);
  if (known !== undefined) return known;
  compiler.nodes += 1;
  if (compiler.nodes > MAX_SCHEMA_NODES)
    throw new SchemaError(`The schema has more than ${MAX_SCHEMA_NODES} parts`);
  if (depth > MAX_SCHEMA_DEPTH * 2) throw new SchemaError('The schema is nested too deep');

  let checks: readonly Check[] = [];
  const check: Check = (value, place) => {
    const { run } = place;
    run.stepsLeft -= 1;
    if (run.stepsLeft <= 0) return;
    if (run.depth >= run.maxDepth) return report(place, 'is nested too deep');
    run.depth += 1;
    for (const part of checks) part(value, place);
    run.depth -= 1;
  };
  compiler.done.set(schema, check);
  const compile: SubCompile = {
    node: (part) => compileNode(part, compiler, depth + 1),
    reference: (name) => compileNode(resolveReference(name, compiler), compiler, depth + 1),
  };
  checks = KEYWORDS.map((keyword) => keyword(schema, compile)).filter((part) => part !== null);
  return check;
}

function resolveReference(reference: string, { root, named }: Compiler): JsonObject {
  const byName = named.get(reference);
  if (byName !== undefined) return byName;
  if (!reference.startsWith('#'))
    throw new SchemaError(`The schema refers to "${reference}", which is outside of it`);
  let target: JsonValue | undefined = root;
  for (const segment of reference.slice(1).split('/').slice(1)) {
    const key = decodePointer(segment);
    if (Array.isArray(target)) target = target[Number(key)];
    else target = isJsonObject(target) ? own(target, key) : undefined;
  }
  if (!isJsonObject(target))
    throw new SchemaError(`The schema refers to "${reference}", which it does not have`);
  return target;
}

function decodePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

function report(place: CheckPlace, message: string): void {
  place.issues.push({ path: pathOf(place), message });
}

function at(parent: CheckPlace, key: string | number): CheckPlace {
  return { parent, key, issues: parent.issues, run: parent.run };
}

/** The JSON Pointer to a place (RFC 6901). */
function pathOf({ parent, key }: CheckPlace): string {
  if (parent === null) return '';
  return `${pathOf(parent)}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** What a check finds without adding it to the report. */
function issuesOf(check: Check, value: unknown, place: CheckPlace): PropsIssue[] {
  const issues: PropsIssue[] = [];
  check(value, { parent: place.parent, key: place.key, issues, run: place.run });
  return issues;
}

function compileReference(schema: JsonObject, compile: SubCompile): Check | null {
  const reference = own(schema, '$ref');
  if (reference === undefined) return null;
  if (typeof reference !== 'string') throw new SchemaError('A $ref must be a string');
  return compile.reference(reference);
}

const TYPES: ReadonlyMap<string, readonly [test: (value: unknown) => boolean, name: string]> = new Map([
  ['string', [(value: unknown) => typeof value === 'string', 'a string'] as const],
  ['number', [(value: unknown) => typeof value === 'number', 'a number'] as const],
  ['integer', [(value: unknown) => Number.isInteger(value), 'a whole number'] as const],
  ['boolean', [(value: unknown) => typeof value === 'boolean', 'true or false'] as const],
  ['null', [(value: unknown) => value === null, 'null'] as const],
  ['array', [(value: unknown) => Array.isArray(value), 'a list'] as const],
  ['object', [isPlainObject, 'an object'] as const],
]);

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

function compileType(schema: JsonObject): Check | null {
  const type = own(schema, 'type');
  if (type === undefined) return null;
  const types = (Array.isArray(type) ? type : [type]).map((name) => {
    const found = typeof name === 'string' ? TYPES.get(name) : undefined;
    if (found === undefined)
      throw new SchemaError(`The type ${JSON.stringify(name)} is none that JSON can carry`);
    return found;
  });
  const expected = types.map(([, name]) => name).join(' or ');
  const [[isFirst] = [() => false]] = types;
  return (value, place) => {
    if (isFirst(value) || types.some(([test]) => test(value))) return;
    // integers that are not whole deserve better than "a number instead of a whole number"
    const actual = typeof value === 'number' ? String(value) : describeType(value);
    report(place, value === undefined ? 'is required' : `must be ${expected}, not ${actual}`);
  };
}

const MAX_SHOWN_VALUES = 10;

function compileConst(schema: JsonObject): Check | null {
  const expected = own(schema, 'const');
  if (expected === undefined) return null;
  const form = canonical(expected);
  return (value, place) => {
    if (canonicalWithin(value, place.run) !== form) report(place, `must be ${JSON.stringify(expected)}`);
  };
}

function compileEnum(schema: JsonObject): Check | null {
  const values = own(schema, 'enum');
  if (values === undefined) return null;
  if (!Array.isArray(values)) throw new SchemaError('An enum must be a list');
  const forms = new Set(values.map(canonical));
  const message = `must be ${oneOfText(values)}`;
  return (value, place) => {
    if (!forms.has(canonicalWithin(value, place.run))) report(place, message);
  };
}

function oneOfText(values: readonly JsonValue[]): string {
  const shown = values.slice(0, MAX_SHOWN_VALUES).map((value) => JSON.stringify(value));
  const more = values.length > MAX_SHOWN_VALUES ? ', ...' : '';
  return values.length === 1 ? shown.join('') : `one of ${shown.join(', ')}${more}`;
}

/** JSON with sorted keys, so that equal values have equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isPlainObject(value)) return JSON.stringify(value) ?? 'undefined';
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

/** Comparing walks the whole value, which a hostile schema could ask for again and again. */
function canonicalWithin(value: unknown, run: CheckRun): string {
  if (typeof value !== 'object' || value === null) return canonical(value);
  if (depthOf(value, run.maxDepth) >= run.maxDepth) return '';
  const form = canonical(value);
  run.stepsLeft -= form.length;
  return form;
}

function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null || limit <= 0) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, limit - 1));
  return deepest + 1;
}

function numberOf(schema: JsonObject, keyword: string): number | null {
  const value = own(schema, keyword);
  if (value === undefined) return null;
  if (typeof value !== 'number') throw new SchemaError(`The keyword ${keyword} must be a number`);
  return value;
}

function compileString(schema: JsonObject): Check | null {
  const min = numberOf(schema, 'minLength');
  const max = numberOf(schema, 'maxLength');
  const pattern = patternOf(own(schema, 'pattern'));
  const format = own(schema, 'format');
  if (min === null && max === null && pattern === null && typeof format !== 'string') return null;
  return (value, place) => {
    if (typeof value !== 'string') return;
    if (!isSurelyWithin(value, min, max)) checkLength(countCharacters(value, place.run), min, max, place);
    if (pattern !== null && !matches(pattern, value, place.run))
      report(place, `must match ${pattern.source}`);
    if (typeof format === 'string' && !isFormatted(format, value)) report(place, `must be a valid ${format}`);
  };
}

function checkLength(length: number, min: number | null, max: number | null, place: CheckPlace): void {
  if (min !== null && length < min)
    report(place, min === 1 ? 'must not be empty' : `must have at least ${min} characters`);
  if (max !== null && length > max) report(place, `must have at most ${max} characters, not ${length}`);
}

/** A text has at most as many characters as UTF-16 units, and at least half as many: most need no counting. */
function isSurelyWithin({ length }: string, min: number | null, max: number | null): boolean {
  return (min === null || length >= min * 2) && (max === null || length <= max);
}

/** JSON Schema counts code points, not UTF-16 units. */
function countCharacters(text: string, run: CheckRun): number {
  run.stepsLeft -= text.length >> 3;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function patternOf(source: JsonValue | undefined): LinearPattern | null {
  if (source === undefined) return null;
  if (typeof source !== 'string') throw new SchemaError('A pattern must be a string');
  const compiled = compilePattern(source);
  if (!compiled.ok) throw new SchemaError(compiled.message);
  return compiled.pattern;
}

function matches(pattern: LinearPattern, text: string, run: CheckRun): boolean {
  run.stepsLeft -= pattern.costOf(text);
  return run.stepsLeft > 0 && pattern.test(text);
}

const COMPARISONS: readonly (readonly [
  keyword: string,
  fits: (value: number, bound: number) => boolean,
  text: string,
])[] = [
  ['minimum', (value, bound) => value >= bound, 'must be at least'],
  ['maximum', (value, bound) => value <= bound, 'must be at most'],
  ['exclusiveMinimum', (value, bound) => value > bound, 'must be more than'],
  ['exclusiveMaximum', (value, bound) => value < bound, 'must be less than'],
  ['multipleOf', isMultiple, 'must be a multiple of'],
];

/** A remainder in binary fractions is never exactly zero for steps like 0.01. */
function isMultiple(value: number, step: number): boolean {
  const quotient = value / step;
  return Math.abs(quotient - Math.round(quotient)) <= Number.EPSILON * Math.max(1, Math.abs(quotient)) * 4;
}

function compileNumber(schema: JsonObject): Check | null {
  const bounds = COMPARISONS.flatMap(([keyword, fits, text]) => {
    const bound = numberOf(schema, keyword);
    return bound === null ? [] : [{ fits, bound, message: `${text} ${bound}` }];
  });
  if (bounds.length === 0) return null;
  return (value, place) => {
    if (typeof value !== 'number') return;
    for (const { fits, bound, message } of bounds)
      if (!fits(value, bound)) report(place, `${message}, not ${value}`);
  };
}

function compileMap(schema: JsonObject, keyword: string, compile: SubCompile): Map<string, Check> {
  const members = own(schema, keyword) ?? {};
  if (!isJsonObject(members)) throw new SchemaError(`The keyword ${keyword} must be an object`);
  return new Map(Object.entries(members).map(([name, member]) => [name, compile.node(member)]));
}

function stringsOf(schema: JsonObject, keyword: string): string[] {
  const values = own(schema, keyword) ?? [];
  if (!Array.isArray(values)) throw new SchemaError(`The keyword ${keyword} must be a list`);
  return values.map((value) => {
    if (typeof value !== 'string') throw new SchemaError(`The keyword ${keyword} must list names`);
    return value;
  });
}

function compileObject(schema: JsonObject, compile: SubCompile): Check | null {
  const properties = compileMap(schema, 'properties', compile);
  const required = stringsOf(schema, 'required');
  const patterns = compilePatternProperties(schema, compile);
  const additional = compileAdditional(schema, compile);
  const min = numberOf(schema, 'minProperties');
  const max = numberOf(schema, 'maxProperties');
  const hasRules = properties.size + required.length + patterns.length > 0 || additional !== null;
  if (!hasRules && min === null && max === null) return null;
  return (value, place) => {
    if (!isPlainObject(value)) return;
    for (const name of required) if (!Object.hasOwn(value, name)) report(at(place, name), 'is required');
    const names = Object.keys(value);
    if (min !== null && names.length < min) report(place, `must have at least ${min} members`);
    if (max !== null && names.length > max) report(place, `must have at most ${max} members`);
    for (const name of names) {
      place.run.stepsLeft -= 1;
      const member = at(place, name);
      const known = properties.get(name);
      known?.(value[name], member);
      const isMatched = patterns.length > 0 && checkMatching(patterns, value[name], member);
      if (known === undefined && !isMatched) additional?.(value[name], member);
    }
  };
}

/** Checks a member by each pattern that its name matches; false where none does. */
function checkMatching(
  patterns: readonly (readonly [LinearPattern, Check])[],
  value: unknown,
  place: CheckPlace,
): boolean {
  let isMatched = false;
  for (const [pattern, check] of patterns) {
    if (!matches(pattern, String(place.key), place.run)) continue;
    isMatched = true;
    check(value, place);
  }
  return isMatched;
}

function compilePatternProperties(
  schema: JsonObject,
  compile: SubCompile,
): (readonly [LinearPattern, Check])[] {
  const checks = compileMap(schema, 'patternProperties', compile);
  return [...checks].flatMap(([source, check]) => {
    const pattern = patternOf(source);
    return pattern === null ? [] : [[pattern, check] as const];
  });
}

/**
 * `unevaluatedProperties: false`, which TypeBox writes beside `allOf`, is read as `additionalProperties` of the
 * properties that the schema and its `allOf` branches name together.
 */
function compileAdditional(schema: JsonObject, compile: SubCompile): Check | null {
  const additional = own(schema, 'additionalProperties');
  if (additional === false) return (_value, place) => report(place, 'is not a known property');
  if (additional !== undefined) return compile.node(additional);
  if (own(schema, 'unevaluatedProperties') !== false) return null;
  const branches = own(schema, 'allOf');
  const known = new Set((Array.isArray(branches) ? branches : []).flatMap(propertyNamesOf));
  return (_value, place) => {
    if (!known.has(String(place.key))) report(place, 'is not a known property');
  };
}

function propertyNamesOf(schema: JsonValue): string[] {
  if (!isJsonObject(schema)) return [];
  const properties = own(schema, 'properties');
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

function compilePropertyNames(schema: JsonObject, compile: SubCompile): Check | null {
  const names = own(schema, 'propertyNames');
  if (names === undefined) return null;
  const check = compile.node(names);
  return (value, place) => {
    if (!isPlainObject(value)) return;
    for (const name of Object.keys(value)) {
      if (issuesOf(check, name, place).length > 0) report(at(place, name), 'is not an allowed name');
    }
  };
}

function compileArray(schema: JsonObject, compile: SubCompile): Check | null {
  const items = own(schema, 'items');
  const tuple = own(schema, 'prefixItems') ?? (Array.isArray(items) ? items : []);
  if (!Array.isArray(tuple)) throw new SchemaError('The keyword prefixItems must be a list');
  const first = tuple.map((part) => compile.node(part));
  const rest = Array.isArray(items) ? own(schema, 'additionalItems') : items;
  const others = rest === undefined ? null : compile.node(rest);
  const min = numberOf(schema, 'minItems');
  const max = numberOf(schema, 'maxItems');
  const isUnique = own(schema, 'uniqueItems') === true;
  if (first.length === 0 && others === null && min === null && max === null && !isUnique) return null;
  return (value, place) => {
    if (!Array.isArray(value)) return;
    if (min !== null && value.length < min)
      report(place, `must have at least ${min} ${min === 1 ? 'entry' : 'entries'}`);
    if (max !== null && value.length > max)
      report(place, `must have at most ${max} entries, not ${value.length}`);
    if (isUnique) checkUnique(value, place);
    for (let index = 0; index < value.length && place.run.stepsLeft > 0; index += 1) {
      (first[index] ?? others)?.(value[index], at(place, index));
    }
  };
}

function checkUnique(values: readonly unknown[], place: CheckPlace): void {
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    const form = canonicalWithin(value, place.run);
    if (seen.has(form)) return report(at(place, index), 'must not repeat an earlier entry');
    seen.add(form);
  }
}

function compileContains(schema: JsonObject, compile: SubCompile): Check | null {
  const contains = own(schema, 'contains');
  if (contains === undefined) return null;
  const check = compile.node(contains);
  const min = numberOf(schema, 'minContains') ?? 1;
  const max = numberOf(schema, 'maxContains');
  return (value, place) => {
    if (!Array.isArray(value)) return;
    const count = value.filter((entry) => issuesOf(check, entry, place).length === 0).length;
    if (count < min || (max !== null && count > max))
      report(place, 'does not contain the entries that it must');
  };
}

function branchesOf(schema: JsonObject, keyword: string): JsonValue[] | null {
  const branches = own(schema, keyword);
  if (branches === undefined) return null;
  if (!Array.isArray(branches)) throw new SchemaError(`The keyword ${keyword} must be a list`);
  return branches;
}

function compileAllOf(schema: JsonObject, compile: SubCompile): Check | null {
  const checks = branchesOf(schema, 'allOf')?.map((branch) => compile.node(branch));
  if (checks === undefined) return null;
  return (value, place) => {
    for (const check of checks) check(value, place);
  };
}

function compileAnyOf(schema: JsonObject, compile: SubCompile): Check | null {
  const branches = branchesOf(schema, 'anyOf');
  if (branches === null) return null;
  const checks = branches.map((branch) => compile.node(branch));
  const constants = constantsOf(branches);
  return (value, place) => {
    const found: PropsIssue[][] = [];
    for (const check of checks) {
      const issues = issuesOf(check, value, place);
      if (issues.length === 0) return;
      found.push(issues);
    }
    if (constants !== null) return report(place, `must be ${oneOfText(constants)}`);
    place.issues.push(...mostHelpful(found, place));
  };
}

/** The values of branches that are all constants, as TypeBox writes a union of literals. */
function constantsOf(branches: readonly JsonValue[]): JsonValue[] | null {
  const constants = branches.map((branch) => (isJsonObject(branch) ? own(branch, 'const') : undefined));
  const values = constants.filter((value) => value !== undefined);
  return values.length === branches.length ? values : null;
}

/** The one form whose own type fits is probably the one that was meant; otherwise all that can be said is "none". */
function mostHelpful(found: readonly PropsIssue[][], place: CheckPlace): PropsIssue[] {
  const path = pathOf(place);
  const close = found.filter((issues) => issues.every((issue) => issue.path !== path));
  const [only] = close;
  if (only !== undefined && close.length === 1) return only;
  const messages = [
    ...new Set(
      found
        .flat()
        .filter((issue) => issue.path === path)
        .map((issue) => issue.message),
    ),
  ];
  const hasOneReason = close.length === 0 && messages.length === 1 && messages[0] !== undefined;
  return [{ path, message: hasOneReason ? (messages[0] ?? '') : 'fits none of the allowed forms' }];
}

function compileOneOf(schema: JsonObject, compile: SubCompile): Check | null {
  const branches = branchesOf(schema, 'oneOf');
  if (branches === null) return null;
  const checks = branches.map((branch) => compile.node(branch));
  return (value, place) => {
    const found = checks.map((check) => issuesOf(check, value, place));
    const count = found.filter((issues) => issues.length === 0).length;
    if (count > 1) report(place, 'fits more than one of the forms of which it may fit one');
    if (count === 0) place.issues.push(...mostHelpful(found, place));
  };
}

function compileNot(schema: JsonObject, compile: SubCompile): Check | null {
  const excluded = own(schema, 'not');
  if (excluded === undefined) return null;
  const check = compile.node(excluded);
  return (value, place) => {
    if (issuesOf(check, value, place).length === 0) report(place, 'has a form that is excluded');
  };
}

function compileCondition(schema: JsonObject, compile: SubCompile): Check | null {
  const condition = own(schema, 'if');
  if (condition === undefined) return null;
  const test = compile.node(condition);
  const whenTrue = compile.node(own(schema, 'then') ?? true);
  const whenFalse = compile.node(own(schema, 'else') ?? true);
  return (value, place) => {
    const branch = issuesOf(test, value, place).length === 0 ? whenTrue : whenFalse;
    branch(value, place);
  };
}
