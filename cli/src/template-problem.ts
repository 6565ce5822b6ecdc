/** Why a template was refused, wherever it was: here, or by the service. */
export type TemplateProblem = {
  code: string;
  message: string;
  errors: readonly { path: string; message: string }[];
};

type Place = {
  file: string | null;
  line: number | null;
  column: number | null;
  message: string;
  hint: string | null;
};

type Refusal = {
  code: string;
  message: string;
  errors: readonly (Place | { path: string; message: string })[];
};

/** One form for the engine's own errors and for the service's: `file:line:column` and what is wrong there. */
export function toProblem({ code, message, errors }: Refusal): TemplateProblem {
  return { code, message, errors: errors.map(toPlace) };
}

function toPlace(error: Place | { path: string; message: string }): { path: string; message: string } {
  if ('path' in error) return { path: error.path, message: error.message };
  const { file, line, column, message, hint } = error;
  const path = [file, line, column].filter((part) => part !== null).join(':');
  return { path, message: hint === null ? message : `${message} (${hint})` };
}
