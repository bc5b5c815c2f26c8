import { type AgentProgram, withFlag, withOption } from "./AgentProgram.ts"
import { readClaudeForm } from "./claudeForm.ts"

/** https://code.claude.com/docs/en/headless; recorded with 2.1.332. */
export const claude: AgentProgram = {
  name: "claude",
  title: "Claude Code",
  readable: (given) => withFlag(withOption(given, ["--output-format"], "stream-json"), "--verbose"),
  is_stream: true,
  read: readClaudeForm,
  noise: /^$/,
  remedy: "Allow it with --permission-mode acceptEdits (edits) or --allowedTools, for example --allowedTools Bash " +
    "(commands), in wake_command"
}
