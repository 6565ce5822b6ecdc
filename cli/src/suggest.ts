const LONGEST_DISTANCE = 3;

/** The known name that was probably meant; null where none is near. */
export function suggest(text: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.min(LONGEST_DISTANCE, Math.ceil(text.length / 2)) + 1;
  for (const name of known) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** How many letters to insert, delete or exchange (Levenshtein), row by row. */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const exchanged = (previous[column - 1] ?? 0) + (isSame ? 0 : 1);
      current.push(Math.min(exchanged, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
