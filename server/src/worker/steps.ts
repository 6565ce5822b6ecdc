/** The steps of one delivery, in their order. */
export type Step =
  | 'claimed'
  | 'rendered'
  | 'composed'
  /** The checkpoint is about to be committed. */
  | 'handing_over'
  /** It is committed; nothing has left yet. */
  | 'handed_over'
  /** The provider has answered; nothing is recorded yet. */
  | 'answered'
  | 'recorded';

/** Told of each step as it is reached, and waited for. */
export type StepListener = (step: Step, messageId: string) => Promise<void> | void;
