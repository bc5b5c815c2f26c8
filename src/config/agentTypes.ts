import type { WakeCommand } from "../process/arguments.ts"

interface Wake {
  readonly wake_command: WakeCommand
  readonly wake_command_blocks: boolean
}

const run = (...command: ReadonlyArray<string>): Wake => ({
  wake_command: ["agentcom-sidecar", "exec", "--", ...command],
  wake_command_blocks: true
})

/**
 * How `init` sets up each kind of agent: the recipes of docs/agents.md. The prompt goes through standard input or a file, since
 * every user of a machine can read the arguments of a command.
 */
export const agentTypes = {
  openclaw: {
    wake_command: [
      ...["openclaw", "agent", "--agent", "main", "--session-key", "agentcom-${TASK_ID}"],
      ...["--message-file", "${TASK_PROMPT_FILE}", "--timeout", "86400", "--json"]
    ],
    wake_command_blocks: true
  },
  claude: run("claude", "-p"),
  codex: run("codex", "exec", "--skip-git-repo-check", "-"),
  gemini: run("gemini", "--skip-trust"),
  script: { wake_command: ["./wake.sh"], wake_command_blocks: false }
} as const satisfies Readonly<Record<string, Wake>>

export type AgentType = keyof typeof agentTypes

export const isAgentType = (name: string): name is AgentType => Object.hasOwn(agentTypes, name)
