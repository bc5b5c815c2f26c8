import { type AgentProgram, withOption } from "./AgentProgram.ts"
import { readClaudeForm } from "./claudeForm.ts"

/** https://qwenlm.github.io/qwen-code-docs; recorded with 0.24.4. */
export const qwen: AgentProgram = {
  name: "qwen",
  title: "Qwen Code",
  readable: (given) => withOption(given, ["--output-format", "-o"], "stream-json"),
  is_stream: true,
  read: readClaudeForm,
  noise: /^Warning: |^Ripgrep not available/,
  remedy: "Allow it with --approval-mode auto-edit (edits) or yolo (commands too) in wake_command"
}
