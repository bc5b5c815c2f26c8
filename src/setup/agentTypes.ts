import type { WakeCommand } from "../wake/arguments.ts"

interface Wake {
  readonly wake_command: WakeCommand
  readonly wake_command_blocks: boolean
}

const run = (...command: ReadonlyArray<string>): Wake => ({
  wake_command: ["agentcom-sidecar", "exec", "--", ...command],
  wake_command_blocks: true
})

/** How each kind of agent is woken; the recipes of docs/agents.md. */
export const agentTypes = {
  openclaw: {
    wake_command: [
      ...["openclaw", "agent", "--agent", "main", "--session-key", "agentcom-${TASK_ID}"],
      ...["--message-file", "${TASK_PROMPT_FILE}", "--timeout", "86400", "--json"]
    ],
    wake_command_blocks: true
  },
  claude: run("claude", "-p", "{prompt}"),
  codex: run("codex", "exec", "--skip-git-repo-check", "{prompt}"),
  gemini: run("gemini", "--skip-trust", "-p", "{prompt}"),
  script: { wake_command: ["./wake.sh"], wake_command_blocks: false }
} as const satisfies Readonly<Record<string, Wake>>

export type AgentType = keyof typeof agentTypes

export const isAgentType = (name: string): name is AgentType => Object.hasOwn(agentTypes, name)

/** What keeps the agents that read every file a task names as `@path` from reading the token; by the kind of agent. */
export const guards: Readonly<Partial<Record<AgentType, { readonly path: string; readonly text: string }>>> = {
  claude: {
    path: ".claude/settings.json",
    text: `${JSON.stringify({ permissions: { deny: ["Read(./config.json)"] } }, null, 2)}\n`
  },
  gemini: { path: ".geminiignore", text: "config.json\n" }
}
