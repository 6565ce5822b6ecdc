import { toAddressField, toRawField, toTextField } from './header-field.ts';
import { type ComposeInput, toMimeMessageId } from './mime-input.ts';

/** Carries our id through relays that keep unknown headers, so that their events can be matched to the message. */
const MESSAGE_ID_HEADER = 'X-Mail-Message-Id';

/** The header of a message but for what describes its body: ASCII fields, each ended by CRLF. */
export function toMimeHeader(input: ComposeInput): string {
  const { from, to, cc, replyTo, subject, messageId, date } = input;
  return [
    toAddressField('From', [from]),
    to.length > 0 ? toAddressField('To', to) : '',
    cc.length > 0 ? toAddressField('Cc', cc) : '',
    replyTo.length > 0 ? toAddressField('Reply-To', replyTo) : '',
    subject.trim() === '' ? '' : toTextField('Subject', subject),
    toRawField('Message-ID', toMimeMessageId(input)),
    toRawField('Date', toMailDate(date)),
    toRawField('MIME-Version', '1.0'),
    toRawField(MESSAGE_ID_HEADER, messageId),
    ...toUnsubscribeFields(input),
    ...toCustomFields(input),
  ].join('');
}

/** RFC 5322 section 3.3: what JavaScript calls GMT is obsolete there. */
function toMailDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

/** RFC 8058: a mail client posts to the URL when its user presses the button. */
function toUnsubscribeFields({ unsubscribeUrl }: ComposeInput): string[] {
  if (unsubscribeUrl === null) return [];
  return [
    toRawField('List-Unsubscribe', `<${unsubscribeUrl}>`),
    toRawField('List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'),
  ];
}

function toCustomFields({ headers, unsubscribeUrl }: ComposeInput): string[] {
  const isOurs = (name: string) => unsubscribeUrl !== null && /^list-unsubscribe(-post)?$/i.test(name);
  return Object.entries(headers)
    .filter(([name, value]) => value.trim() !== '' && !isOurs(name))
    .map(([name, value]) => toTextField(name, value));
}
