import { CommandError } from './command-error.ts';
import { EXIT } from './exit-code.ts';
import type { OutputFlags } from './options.ts';

/** Somebody pressed Ctrl-C or Escape instead of an answer. */
export class InterruptedError extends Error {
  readonly exitCode = EXIT.interrupted;

  constructor() {
    super('Interrupted.');
    this.name = 'InterruptedError';
  }
}

/** Whether there is somebody to ask: a person at both ends, who has not asked for JSON. */
export function isInteractive({ json }: OutputFlags): boolean {
  return json !== true && process.stdin.isTTY === true && process.stdout.isTTY === true;
}

type Ask = { message: string; placeholder?: string; initial?: string; missing: string };

/** Asks for a text; where nobody can be asked, `missing` says which option to pass. @throws CommandError `usage` */
export async function askText(
  flags: OutputFlags,
  { message, placeholder, initial, missing }: Ask,
): Promise<string> {
  if (!isInteractive(flags)) throw new CommandError('usage', missing);
  const { text } = await import('@clack/prompts');
  return answered(
    await text({
      message,
      ...(placeholder === undefined ? {} : { placeholder }),
      ...(initial === undefined ? {} : { initialValue: initial }),
      validate: (value) => ((value ?? '').trim() === '' ? 'Something is needed here.' : undefined),
    }),
  );
}

/** Asks for a secret without showing it. @throws CommandError `usage` */
export async function askSecret(
  flags: OutputFlags,
  { message, missing }: Pick<Ask, 'message' | 'missing'>,
): Promise<string> {
  if (!isInteractive(flags)) throw new CommandError('usage', missing);
  const { password } = await import('@clack/prompts');
  return answered(
    await password({
      message,
      validate: (value) => ((value ?? '').trim() === '' ? 'Something is needed here.' : undefined),
    }),
  );
}

type Choice = { value: string; label: string; hint?: string };

/** Lets one be chosen. @throws CommandError `usage` */
export async function askChoice(
  flags: OutputFlags,
  { message, choices, missing }: { message: string; choices: readonly Choice[]; missing: string },
): Promise<string> {
  if (!isInteractive(flags)) throw new CommandError('usage', missing);
  const { select } = await import('@clack/prompts');
  return answered(await select({ message, options: [...choices] }));
}

/** Lets several be chosen. @throws CommandError `usage` */
export async function askChoices(
  flags: OutputFlags,
  { message, choices, missing }: { message: string; choices: readonly Choice[]; missing: string },
): Promise<string[]> {
  if (!isInteractive(flags)) throw new CommandError('usage', missing);
  const { multiselect } = await import('@clack/prompts');
  const initialValues = choices.slice(0, 1).map(({ value }) => value);
  return answered(await multiselect({ message, options: [...choices], initialValues, required: true }));
}

/**
 * Before something that cannot be undone: goes on with `--yes`, or when the person agrees.
 *
 * @throws CommandError `usage` where nobody can be asked, `failed` where the answer is no
 */
export async function assertConfirmed(
  flags: OutputFlags & { yes?: boolean },
  message: string,
): Promise<void> {
  if (flags.yes) return;
  if (!isInteractive(flags)) {
    throw new CommandError(
      'usage',
      `${message} Nobody can be asked here.`,
      'Pass --yes to do it without asking.',
    );
  }
  const { confirm } = await import('@clack/prompts');
  const isAgreed = answered(await confirm({ message, initialValue: false }));
  if (!isAgreed) throw new CommandError('failed', 'Nothing was changed.');
}

/** Clack answers a symbol of its own for Ctrl-C and Escape; no question here has any other. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (isAnswer(answer)) return answer;
  throw new InterruptedError();
}

function isAnswer<T>(answer: T): answer is Exclude<T, symbol> {
  return typeof answer !== 'symbol';
}
