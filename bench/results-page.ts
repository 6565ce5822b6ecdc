import { cpus, loadavg, release, totalmem } from 'node:os';
import type { BenchReport, Plot } from './report.ts';
import { versionsOf } from './versions.ts';

/** The page that `./dev bench` writes. */
export function toResultsPage(reports: ReadonlyMap<string, BenchReport>): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  const cores = cpus();
  const machine = `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${gigabytes} GB, ${process.platform} ${release()} ${process.arch}`;
  const sections = [...reports].map(
    ([name, { table, plots = [] }]) =>
      `## ${name}\n\n\`./dev bench ${name}\`\n\n${[table, ...plots.map(toImage)].join('\n\n')}\n`,
  );
  return `# Results

Written by \`./dev bench\`. Ratios are of things measured in turn in one run; absolute times are those of this machine on that day.

- Machine: ${machine}
- Load of the machine over the last minute: ${(loadavg()[0] ?? 0).toFixed(1)} on ${cores.length} cores; far above their number, the times say little
- Versions: ${versionsOf(['react', 'react-dom', 'react-email']).join(', ')}, bun ${Bun.version}

${sections.join('\n')}`;
}

/** Where the page finds a picture, seen from its own folder. */
export const toPlotPath = (name: string): string => `plots/${name}.svg`;

function toImage({ name, title }: Plot): string {
  return `![${title}](${toPlotPath(name)})`;
}
