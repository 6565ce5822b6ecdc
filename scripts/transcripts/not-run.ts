/** A block that is shown and not tried, by its page and its first line, and why. */
export type NotRun = { path: string; firstLine: string; reason: string };

const DRAWING = 'a drawing';
const AMAZON = 'needs an account at Amazon';

/** Shell blocks of this list are still read by bash, and their mailctl commands looked up. */
export const NOT_RUN: readonly NotRun[] = [
  {
    path: 'README.md',
    firstLine: './dev start',
    reason: 'test/fresh-clone.test.ts runs it on a fresh clone',
  },
  {
    path: 'README.md',
    firstLine: 'Loading the server ...',
    reason: 'what ./dev start prints; docs/quickstart.md has it from a run',
  },
  {
    path: 'README.md',
    firstLine:
      "./dev mailctl send --to you@example.com --subject Hello --text 'Hello from my own mail service'",
    reason: 'cli/test runs it; docs/quickstart.md shows a run',
  },
  {
    path: 'README.md',
    firstLine: 'queued  01a1fcb2-31de-7043-a58c-94c3f0a0d7ba',
    reason: 'as above',
  },
  {
    path: 'README.md',
    firstLine: './dev mailctl message get 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba',
    reason: 'as above',
  },
  {
    path: 'README.md',
    firstLine: '01a1fcb2-31de-7043-a58c-94c3f0a0d7ba',
    reason: 'as above',
  },
  {
    path: 'README.md',
    firstLine:
      'not pushed welcome  index.tsx:62:9: Unexpected closing "Body" tag does not match opening "Container" tag',
    reason: 'cli/test/dev.test.ts breaks a template and looks for such a line',
  },
  {
    path: 'README.md',
    firstLine:
      'curl http://127.0.0.1:3025/v1/messages -H "X-Api-Key: $MAIL_API_KEY" -H \'Content-Type: application/json\' \\',
    reason: 'docs/api.md has the same from a run',
  },
  {
    path: 'README.md',
    firstLine:
      "SMTP_HOST=smtp.example.com SMTP_USER=me SMTP_PASS=secret MAIL_FROM='Shop <shop@example.com>' ./dev start",
    reason: 'needs a relay of your own',
  },
  {
    path: 'README.md',
    firstLine:
      'export DATABASE_URL=postgres://mail:secret@db/mail REDIS_URL=redis://cache:6379 SMTP_HOST=smtp.example.com',
    reason: 'needs servers of your own; server/test starts these roles on such',
  },
  {
    path: 'docs/api.md',
    firstLine: 'export MAIL_BASE_URL=http://127.0.0.1:3025',
    reason: "the reader's own address and keys; the commands after it are run with those of the test",
  },
  {
    path: 'docs/cli.md',
    firstLine: 'mailctl completion bash >> ~/.bashrc',
    reason: 'writes into a home; cli/test calls each shell',
  },
  {
    path: 'docs/delivery.md',
    firstLine:
      'curl -X POST https://mail.example.com/v1/messages/<id>/resolve -H "X-Api-Key: $KEY" -H \'Content-Type: application/json\' -d \'{"as":"sent"}\'',
    reason: 'needs a message whose answer was lost; server/test/resolve.test.ts makes one',
  },
  {
    path: 'docs/engine.md',
    firstLine: 'engine.render({ sandboxKey, template, propsJson, pins })',
    reason: DRAWING,
  },
  { path: 'docs/engine.md', firstLine: 'evaluate the module afresh, pins set', reason: DRAWING },
  {
    path: 'docs/message-states.md',
    firstLine: 'scheduled ──► queued ◄──────────────┐ another attempt',
    reason: 'a drawing; the table below it is held against the code',
  },
  {
    path: 'docs/providers.md',
    firstLine: 'aws sesv2 create-email-identity --region eu-west-1 --email-identity example.com',
    reason: AMAZON,
  },
  {
    path: 'docs/providers.md',
    firstLine: 'aws sns create-topic --region eu-west-1 --name mail-events',
    reason: AMAZON,
  },
  {
    path: 'docs/providers.md',
    firstLine:
      'aws sns subscribe --region eu-west-1 --topic-arn arn:aws:sns:eu-west-1:111122223333:mail-events \\',
    reason: AMAZON,
  },
  {
    path: 'docs/providers.md',
    firstLine:
      'aws sesv2 put-account-details --region eu-west-1 --production-access-enabled --mail-type TRANSACTIONAL \\',
    reason: AMAZON,
  },
  {
    path: 'docs/providers.md',
    firstLine: 'mailctl doctor --domain example.com --dkim-selector mail2026',
    reason: 'asks the DNS for a domain of your own; cli/test/doctor.test.ts has one',
  },
  {
    path: 'docs/quickstart.md',
    firstLine: 'mailctl login --profile production --url https://mail.example.com   # asks for the key',
    reason: 'needs a service elsewhere; cli/test logs in',
  },
  {
    path: 'docs/sdk.md',
    firstLine: "declare module '@org/mail-sdk' {",
    reason: 'a declaration does nothing when it is run; sdk-package.test.ts type-checks one',
  },
];

export function isNotRun({ path, code }: { path: string; code: string }): boolean {
  return NOT_RUN.some((one) => one.path === path && one.firstLine === firstLineOf(code));
}

export function firstLineOf(code: string): string {
  return (code.split('\n')[0] ?? '').trim();
}
