export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** The script for a shell's start-up file: it asks the program itself at each Tab, so that it never gets old. */
export function toCompletionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

/** Each line that the program answers is a word, a tab and what is to be said about it. Where it answers none, files are completed. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_mailctl() {
  local IFS=$'\\n'
  COMPREPLY=($(mailctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _mailctl mailctl
`,
  zsh: `#compdef mailctl
_mailctl() {
  local -a lines described
  local line word
  lines=("\${(@f)$(mailctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    word=\${\${line%%$'\\t'*}//:/\\\\:}
    described+=("$word\${line:+:\${line#*$'\\t'}}")
  done
  if (( $#described )); then _describe mailctl described; else _files; fi
}
if [ "$funcstack[1]" = "_mailctl" ]; then _mailctl "$@"; else compdef _mailctl mailctl; fi
`,
  fish: `function __mailctl_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (mailctl __complete -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c mailctl -f -a '(__mailctl_complete)'
`,
};
