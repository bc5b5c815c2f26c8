import type { WakeCommand } from "../process/arguments.ts"

/** What an agent may do in its folder without asking: only read; edit files too; or run commands too. */
export const permissions = ["read", "edit", "all"] as const
export type Permission = (typeof permissions)[number]

export const isPermission = (text: string): text is Permission => permissions.some((permission) => permission === text)

const behindExec = (...command: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["agentcom-sidecar", "exec", "--"],
  ...command
]

/** A program that asks for permission unless its arguments, here by permission, allow it. */
const allowedBy = (
  command: ReadonlyArray<string>,
  by: Readonly<Record<Permission, ReadonlyArray<string>>>
) =>
(permission: Permission): WakeCommand => behindExec(...command, ...by[permission])

const openclaw = behindExec(
  ...["openclaw", "agent", "--agent", "main", "--session-key", "agentcom-${TASK_ID}"],
  ...["--message-file", "{prompt_file}", "--timeout", "86400", "--json"]
)

/**
 * How `init` sets up each kind of agent: the recipes of docs/agents.md. The prompt goes through standard input or a file, since
 * every user of a machine can read the arguments of a command. What OpenClaw and a script may do, they say themselves.
 */
export const agentTypes = {
  openclaw: () => openclaw,
  claude: allowedBy(["claude", "-p"], {
    read: ["--permission-mode", "default"],
    edit: ["--permission-mode", "acceptEdits"],
    all: ["--permission-mode", "acceptEdits", "--allowedTools", "Bash"]
  }),
  codex: allowedBy(["codex", "exec", "--skip-git-repo-check"], {
    read: ["--sandbox", "read-only", "-"],
    edit: ["--sandbox", "workspace-write", "-"],
    all: ["--sandbox", "workspace-write", "-"]
  }),
  copilot: allowedBy(["copilot"], { read: [], edit: ["--allow-tool", "write"], all: ["--allow-all-tools"] }),
  gemini: allowedBy(["gemini", "--skip-trust"], {
    read: ["--approval-mode", "default"],
    edit: ["--approval-mode", "auto_edit"],
    all: ["--approval-mode", "yolo"]
  }),
  opencode: () => behindExec("opencode", "run"), // its settings file says what it may do
  qwen: allowedBy(["qwen"], {
    read: ["--approval-mode", "plan"],
    edit: ["--approval-mode", "auto-edit"],
    all: ["--approval-mode", "yolo"]
  }),
  script: (): WakeCommand => ["./wake.sh"]
} as const satisfies Readonly<Record<string, (permission: Permission) => WakeCommand>>

export type AgentType = keyof typeof agentTypes

export const isAgentType = (name: string): name is AgentType => Object.hasOwn(agentTypes, name)

/** Whether the command of such an agent says what the agent may do. */
export const takesPermission = (type: AgentType): boolean => type !== "openclaw" && type !== "script"
