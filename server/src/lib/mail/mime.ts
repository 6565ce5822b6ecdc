import { toFileBody } from './file-body.ts';
import { toMimeHeader } from './mime-header.ts';
import { assertComposable, type ComposeInput } from './mime-input.ts';
import { toTextBody } from './text-body.ts';

/**
 * Composes the whole RFC 5322 message in 7-bit ASCII with CRLF line ends. The same input gives the same bytes.
 *
 * @throws TypeError where an address, header, subject, URL, attachment or id could break out of its header field
 */
export async function composeMime(input: ComposeInput): Promise<Uint8Array> {
  assertComposable(input);
  const header = toMimeHeader(input);
  if (input.attachments.length === 0) return Buffer.from(header + toTextBody(input), 'latin1');
  return Buffer.concat([Buffer.from(header, 'latin1'), await toFileBody(input)]);
}
