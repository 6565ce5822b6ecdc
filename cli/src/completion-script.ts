export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** The script for a shell's start-up file: it asks the program itself at each Tab, so that it never gets old. */
export function toCompletionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_mailctl() {
  local IFS=$'\\n'
  COMPREPLY=($(mailctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _mailctl mailctl
`,
  zsh: `#compdef mailctl
_mailctl() {
  local -a candidates
  candidates=("\${(@f)$(mailctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$candidates" ]]; then compadd -a candidates; else _files; fi
}
if [ "$funcstack[1]" = "_mailctl" ]; then _mailctl "$@"; else compdef _mailctl mailctl; fi
`,
  fish: `function __mailctl_complete
    set -l words (commandline -opc) (commandline -ct)
    mailctl __complete -- $words[2..-1] 2>/dev/null
end
complete -c mailctl -a '(__mailctl_complete)'
`,
};
