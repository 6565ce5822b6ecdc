import { type Argument, type Command, Help, type Option } from 'commander';

/** Headings of the options that many commands have; a command's own come first, under the usual one. */
export const SERVICE_OPTIONS = 'Service:';
export const OUTPUT_OPTIONS = 'Output:';

const SHARED: ReadonlySet<string> = new Set([SERVICE_OPTIONS, OUTPUT_OPTIONS]);

/** Lays out the help of a command: what it alone knows before what all know, and no word that says nothing. */
export function layOutHelp(command: Command): void {
  command.configureHelp({
    groupItems<T extends Command | Option>(
      all: T[],
      visible: T[],
      groupOf: (item: T) => string,
    ): Map<string, T[]> {
      const headings = [...new Set([...all, ...visible].map(groupOf))];
      const own = headings.filter((heading) => !SHARED.has(heading));
      const ordered = [...own, ...headings.filter((heading) => SHARED.has(heading))];
      return new Map(
        ordered.map((heading) => [heading, visible.filter((item) => groupOf(item) === heading)]),
      );
    },
    // Every command has options, and "help" is said by --help.
    subcommandTerm: (child) => {
      const words = child.registeredArguments.map(toArgument);
      return [child.name(), ...words].join(' ');
    },
    visibleCommands(parent) {
      return Help.prototype.visibleCommands
        .call(this, parent)
        .filter((child: Command) => child.name() !== 'help');
    },
  });
}

/** `<id>`, `[paths...]` */
function toArgument(argument: Argument): string {
  const text = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${text}>` : `[${text}]`;
}
