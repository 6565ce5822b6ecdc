type Route = { method: string; path: string };

/** The methods that a path has, whatever its parameters are; empty where there is no such path. */
export function allowedMethods(routes: readonly Route[], pathname: string): string[] {
  const segments = splitPath(pathname);
  const matching = routes.filter(({ path }) => isMatch(splitPath(path), segments));
  return [...new Set(matching.map(({ method }) => method))].sort();
}

function isMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, index) => part.startsWith(':') || part === segments[index]);
}

/** A slash at the end means nothing, as in the router. */
function splitPath(path: string): string[] {
  return path.replace(/\/$/, '').split('/');
}
