import type { AttachmentInput } from './attachment.ts';
import type { MessageBody } from './types.ts';

/**
 * The templates of your project and the props of each: empty, so that everything is accepted, until a declaration that
 * `mailctl template types` writes adds yours. Then `send` completes names and checks props.
 */
// An interface because declarations elsewhere can add to nothing else.
// oxlint-disable-next-line typescript/consistent-type-definitions, typescript/no-empty-interface
export interface Templates {}

/** Names of templates: those that are declared, or any where none is. */
export type TemplateName = keyof Templates extends never ? string : keyof Templates & string;

/** A template in a fixed version, `receipt@3`; its props are not checked, because the declaration is of the current ones. */
export type PinnedTemplate = `${string}@${number}`;

type AnyProps = Record<string, unknown>;

type WithoutTemplate = Omit<MessageBody, 'template' | 'props' | 'attachments' | 'scheduledAt'> & {
  /** Files, bytes, streams or paths; 25 MiB in all unless the service is configured otherwise. */
  attachments?: readonly AttachmentInput[];
  /** When to send, up to 30 days ahead; a time that has passed means at once. */
  scheduledAt?: string | Date;
};

type OfTemplate<Name extends keyof Templates> = WithoutTemplate & {
  template: Name;
} & (object extends Templates[Name] ? { props?: Templates[Name] } : { props: Templates[Name] });

/** What `send` takes: a template with its props, or html and text. */
export type SendInput = keyof Templates extends never
  ? WithoutTemplate & { template?: string; props?: AnyProps }
  :
      | { [Name in keyof Templates]: OfTemplate<Name> }[keyof Templates]
      | (WithoutTemplate & { template: PinnedTemplate; props?: AnyProps })
      | (WithoutTemplate & { template?: never; props?: never });
