"""Decision tables as a risk manager edits them: one model, notations in CSV, XLSX, YAML and DMN."""
