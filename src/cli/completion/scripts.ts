/**
 * What each shell has to run to complete our command line. They hold no names of ours: they ask the program itself, a word
 * a line, so that they stay right when it is updated.
 */
export const scripts = {
  bash: `_agentcom_sidecar() {
  local IFS=$'\\n'
  COMPREPLY=($(printf '%s\\n' "\${COMP_WORDS[@]:1:COMP_CWORD}" | "$1" completion - 2> /dev/null))
}
complete -o default -F _agentcom_sidecar agentcom-sidecar
`,
  zsh: `#compdef agentcom-sidecar
_agentcom_sidecar() {
  local -a found
  found=("\${(@f)$(printf '%s\\n' "\${(@Q)words[2,CURRENT]}" | \${words[1]} completion - 2> /dev/null)}")
  if [[ -n \${found[1]} ]]; then
    compadd -a found
  else
    compset -P '--*='
    _files
  fi
}
if [[ \${funcstack[1]} == _agentcom_sidecar ]]; then
  _agentcom_sidecar "$@"
else
  compdef _agentcom_sidecar agentcom-sidecar
fi
`,
  fish: `function __agentcom_sidecar
    set -l words (commandline -opc) (commandline -ct)
    set -l found (printf '%s\\n' $words[2..-1] | $words[1] completion - 2> /dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path $words[-1]
    end
end
complete -c agentcom-sidecar -f -a '(__agentcom_sidecar)'
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName agentcom-sidecar -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  ($words -join "\`n") | & $commandAst.GetCommandName() completion - 2> $null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
} as const

export type Shell = keyof typeof scripts

export const isShell = (name: string): name is Shell => Object.hasOwn(scripts, name)
