/** The largest values that `config.json` may have, in the units that the names end with (`_chars` are characters). */
export const configLimits = {
  file_bytes: 1024 * 1024,
  tls_certificates_bytes: 4 * 1024 * 1024,
  tls_key_bytes: 64 * 1024,
  agent_id_chars: 128,
  token_chars: 4_096,
  url_chars: 2_048,
  path_chars: 4_096,
  wake_command_chars: 32_000,
  wake_command_arguments: 1_000,
  prompt_template_bytes: 64 * 1024,
  capabilities: 100,
  capability_chars: 200,
  confirmation_timeout_ms: 60 * 60 * 1_000,
  agent_silence_ms: 24 * 60 * 60 * 1_000,
  task_timeout_ms: 7 * 24 * 60 * 60 * 1_000,
  kill_grace_ms: 60_000,
  retention_days: 10_000,
  log_file_bytes: 1024 * 1024 * 1024,
  log_files: 100,
  update_timeout_ms: 60 * 60 * 1_000
} as const
