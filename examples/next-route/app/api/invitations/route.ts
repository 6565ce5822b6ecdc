// A route handler of Next.js (App Router): POST /api/invitations { "email": "ada@example.com", "team": "Compilers" }
import { createMailer, type Mailer } from '@org/mail-sdk';

let mailer: Mailer | undefined;

export async function POST(request: Request): Promise<Response> {
  const invitation = await readJson(request);
  if (!isInvitation(invitation))
    return Response.json({ error: 'An email and a team, please.' }, { status: 422 });
  // Made by the first request: building the site needs no key.
  mailer ??= createMailer();
  const { data, error } = await mailer.safe.send({
    to: invitation.email,
    subject: `Join ${invitation.team}`,
    html: `<p>You are invited to join <b>${escapeHtml(invitation.team)}</b>.</p>`,
    tags: { kind: 'invitation' },
  });
  if (!error) return Response.json({ messageId: data.messageId }, { status: 202 });
  const status = error.code === 'invalid_request' ? 422 : 503;
  return Response.json({ error: error.message }, { status });
}

type Invitation = { email: string; team: string };

function isInvitation(value: unknown): value is Invitation {
  if (typeof value !== 'object' || value === null || !('email' in value) || !('team' in value)) return false;
  return typeof value.email === 'string' && typeof value.team === 'string';
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return null;
  }
}
