import type { CallbackAdapter } from './callback.ts';
import { createPostmarkCallback } from './postmark-callback.ts';
import { createResendCallback } from './resend-callback.ts';
import { createSesCallback } from './ses-callback.ts';

export type CallbackSettings = {
  sesTopicArns: readonly string[];
  postmarkSecrets: readonly string[];
  resendSecrets: readonly string[];
};

/** The kinds of provider whose callbacks can be verified; what nothing is configured for is not listened to. */
export function createCallbackAdapters({
  sesTopicArns,
  postmarkSecrets,
  resendSecrets,
}: CallbackSettings): CallbackAdapter[] {
  return [
    ...(sesTopicArns.length > 0 ? [createSesCallback({ topicArns: sesTopicArns })] : []),
    ...(postmarkSecrets.length > 0 ? [createPostmarkCallback({ secrets: postmarkSecrets })] : []),
    ...(resendSecrets.length > 0 ? [createResendCallback({ secrets: resendSecrets })] : []),
  ];
}
