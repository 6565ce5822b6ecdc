import type { TemplateSources } from '../template-sources.ts';
import { groupOf, type ClassGroup } from './class-groups.ts';
import { isSearchable, lineAt } from './find-place.ts';
import type { TemplateWarning } from './warning.ts';

const CLASS_NAME =
  /\bclassName\s*=\s*(?:"([^"]*)"|'([^']*)'|\{\s*(?:"([^"\n]*)"|'([^'\n]*)'|`([^`]*)`)\s*\})/g;
const MAX_ATTRIBUTES = 1000;
const MAX_CLASSES = 100;
/** Longer ones are not written by hand, and a search in them could take long. */
const MAX_VALUE_LENGTH = 4000;

/**
 * Classes of one element that set the same property. On a web page Tailwind's own order would decide between them; in
 * a mail, where they become one style, it is the order in which they are written.
 */
export function findClassWarnings({ files }: TemplateSources): TemplateWarning[] {
  return Object.entries(files).flatMap(([file, source]) => {
    if (file.endsWith('.json') || !isSearchable(source)) return [];
    const attributes = [...source.matchAll(CLASS_NAME)].slice(0, MAX_ATTRIBUTES);
    return attributes.flatMap(({ index, 0: all, ...groups }) => {
      const value = Object.values(groups).find((part) => typeof part === 'string') ?? '';
      return findConflicts(value).map(([first, second, name]): TemplateWarning => ({
        code: 'class_order',
        message: `"${first}" and "${second}" both set ${name}: which one counts is decided by their order alone`,
        file,
        line: lineAt(source, index + all.indexOf(value)),
      }));
    });
  });
}

type Conflict = readonly [first: string, second: string, property: string];
type Known = { token: string; variants: string; group: ClassGroup };

function findConflicts(value: string): Conflict[] {
  const known: Known[] = [];
  const conflicts: Conflict[] = [];
  for (const token of readTokens(value)) {
    const { variants, name } = splitVariants(token);
    const group = groupOf(name);
    if (group === null) continue;
    // a part after its whole (`p-2 px-4`) is how it is meant, the whole after a part takes it back
    const before = known.find(
      (other) => other.variants === variants && [group.name, ...group.covers].includes(other.group.name),
    );
    if (before !== undefined && before.token !== token)
      conflicts.push([before.token, token, before.group.name]);
    known.push({ token, variants, group });
  }
  return conflicts;
}

/** The classes that are written out; what a `${}` touches is not known. */
function readTokens(value: string): string[] {
  const tokens = value
    .slice(0, MAX_VALUE_LENGTH)
    .replaceAll(/\$\{[^}]*\}/g, '\0')
    .split(/\s+/);
  return tokens.filter((token) => token !== '' && !token.includes('\0')).slice(0, MAX_CLASSES);
}

/** `sm:hover:-mt-2` is `mt-2` under `sm:hover:`. Importance is left out: it does not survive in a style attribute. */
function splitVariants(token: string): { variants: string; name: string } {
  const end =
    token.replaceAll(/\[[^\]]*\]|\([^)]*\)/g, (part) => '_'.repeat(part.length)).lastIndexOf(':') + 1;
  const name = token.slice(end).replace(/^!/, '').replace(/!$/, '').replace(/^-/, '');
  return { variants: token.slice(0, end), name };
}
