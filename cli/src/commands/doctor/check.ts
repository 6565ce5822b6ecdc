/** One thing that was looked at. `fix` says how to mend what is not well. */
export type Check = {
  name: string;
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  detail: string;
  fix: string | null;
};

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail, fix: null };
}

export function warning(name: string, detail: string, fix: string): Check {
  return { name, state: 'warning', detail, fix };
}

export function failed(name: string, detail: string, fix: string): Check {
  return { name, state: 'failed', detail, fix };
}

export function skipped(name: string, detail: string): Check {
  return { name, state: 'skipped', detail, fix: null };
}
