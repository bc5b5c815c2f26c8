#!/bin/sh
# An agent whose command is its whole run: reads the prompt, prints its answer, and its exit code says whether it failed.
# Copy it beside config.json, make it executable, and write there
#   "wake_command": ["agentcom-sidecar", "exec", "--", "./agent.sh"], "wake_command_blocks": true
set -eu

# In place of the following lines, the work.
bytes=$(wc -c)
echo "a prompt of $bytes bytes"
