import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '../../server/test/support/free-port.ts';
import { waitFor } from './wait.ts';

const PROGRAM = '/usr/sbin/postfix';
const DAEMONS = '/usr/lib/postfix/sbin';

/** A private Postfix that relays whatever it gets. */
export type PostfixRelay = {
  port: number;
  /** Of the process above all of its. */ pid: number;
  stop(): Promise<void>;
};

/** Why Postfix cannot run here; null where it can. It changes its user, which only root may. */
export function whyNoPostfix(): string | null {
  if (!existsSync(PROGRAM)) return 'Postfix is not installed';
  return process.getuid?.() === 0 ? null : 'Postfix starts as root only';
}

/** Starts Postfix with configuration, queue and log in a folder of its own, relaying to a port on loopback. */
export async function startPostfixRelay(folder: string, relayPort: number): Promise<PostfixRelay> {
  // Its daemons run as the user postfix, who has to get through to the queue.
  await chmod(folder, 0o755);
  const config = join(folder, 'postfix');
  const port = findFreePort();
  const directories = { queue: join(config, 'queue'), data: join(config, 'data') };
  await Promise.all(Object.values(directories).map((path) => mkdir(path, { recursive: true })));
  await run(['chown', 'postfix', directories.data]);
  await writeFile(join(config, 'main.cf'), mainCf(config, directories, relayPort));
  await writeFile(join(config, 'master.cf'), masterCf(port));
  await run([PROGRAM, '-c', config, 'start']);
  const pidFile = Bun.file(join(directories.queue, 'pid', 'master.pid'));
  await waitFor('Postfix to start', () => pidFile.exists());
  const pid = Number((await pidFile.text()).trim());
  return { port, pid, stop: () => run([PROGRAM, '-c', config, 'stop']) };
}

function mainCf(config: string, { queue, data }: { queue: string; data: string }, relayPort: number): string {
  const settings = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: data,
    daemon_directory: DAEMONS,
    command_directory: '/usr/sbin',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    myhostname: 'bench.example.com',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    relayhost: `[127.0.0.1]:${relayPort}`,
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    // As many at once as the workers that it is compared with have connections.
    smtp_destination_concurrency_limit: '20',
    smtp_dns_support_level: 'disabled',
    maillog_file: join(config, 'postfix.log'),
    maillog_file_prefixes: config,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** The services of Debian's own master.cf that a relay needs, none of them in a chroot. */
function masterCf(port: number): string {
  return `
${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed:\n${out}${err}`);
}
