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
    firstLine: './dev test',
    reason: 'what is running when this is read by a test',
  },
  {
    path: 'docs/api.md',
    firstLine: 'export MAIL_BASE_URL=http://127.0.0.1:3025',
    reason: "the reader's own address and keys; the commands after it are run with those of the test",
  },
  {
    path: 'docs/delivery.md',
    firstLine:
      'curl "$MAIL_BASE_URL/v1/messages/<id>/resolve" -H "X-Api-Key: $MAIL_API_KEY" --json \'{ "as": "sent" }\'',
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
    path: 'docs/sdk.md',
    firstLine: "declare module '@org/mail-sdk' {",
    reason: 'a declaration does nothing when it is run; sdk-package.test.ts type-checks one',
  },
  {
    path: 'docs/concepts.md',
    firstLine:
      'your application                       the service                                             outside',
    reason: DRAWING,
  },
  {
    path: 'docs/deployment.md',
    firstLine: 'mail.example.com {',
    reason: 'the configuration of a proxy with a name and a certificate of your own',
  },
  {
    path: 'docs/deployment.md',
    firstLine: "export POSTGRES_PASSWORD=$(openssl rand -hex 24) MAIL_FROM='Shop <shop@example.com>'",
    reason: 'needs a container engine',
  },
  {
    path: 'docs/deployment.md',
    firstLine: 'bun install --frozen-lockfile --production --ignore-scripts',
    reason: 'needs servers of your own; test/image.test.ts runs the same steps of the image',
  },
  {
    path: 'docs/deployment.md',
    firstLine: 'cp examples/kubernetes/secrets.example.env examples/kubernetes/secrets.env',
    reason: 'needs a cluster',
  },
  {
    path: 'docs/deployment.md',
    firstLine:
      'The schema of the database is older than this release: a migration is missing (0005_lists). Run "mailctl migrate" with this release first.',
    reason: 'what a start on an old schema prints, which its tests read',
  },
  {
    path: 'docs/observability.md',
    firstLine: 'POST /v1/messages          server    API',
    reason: DRAWING,
  },
  {
    path: 'docs/preview.md',
    firstLine: 'templates/receipt/',
    reason: DRAWING,
  },
  {
    path: 'docs/inbox.md',
    firstLine: 'Inbox    http://127.0.0.1:3025/inbox#key=mk_live_...',
    reason: 'what ./dev start prints; docs/quickstart.md has it from a run',
  },
];

export function isNotRun({ path, code }: { path: string; code: string }): boolean {
  return NOT_RUN.some((one) => one.path === path && one.firstLine === firstLineOf(code));
}

export function firstLineOf(code: string): string {
  return (code.split('\n')[0] ?? '').trim();
}
