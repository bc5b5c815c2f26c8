#!/bin/sh
# An agent whose command is its whole run. It reads the prompt on standard input and prints its answer.
# Its exit code says whether it failed. Copy it beside config.json, make it executable, and set in config.json
#   "wake_command": ["agentcom-sidecar", "exec", "--", "./agent.sh"]
set -eu

# Replace the following lines with the work.
bytes=$(wc -c)
echo "a prompt of $bytes bytes"
