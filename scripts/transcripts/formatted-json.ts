const MAX_WIDTH = 110;

/** JSON with a line break where a value does not fit into a line, or null for what is no JSON. */
export function toFormatted(text: string): string | null {
  try {
    return format(JSON.parse(text), 0, 0);
  } catch {
    return null;
  }
}

function format(value: unknown, depth: number, taken: number): string {
  const flat = toFlat(value);
  const isShort = depth > 0 && 2 * depth + taken + flat.length <= MAX_WIDTH;
  if (isShort || typeof value !== 'object' || value === null) return flat;
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([name, part]) => {
    const label = isList ? '' : `${JSON.stringify(name)}: `;
    return `${'  '.repeat(depth + 1)}${label}${format(part, depth + 1, label.length + 1)}`;
  });
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.join(',\n')}\n${'  '.repeat(depth)}${close}`;
}

function toFlat(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toFlat).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${toFlat(part)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}
