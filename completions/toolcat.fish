complete --keep-order --exclusive --command toolcat --arguments "(TOOLCAT_COMPLETE=fish toolcat -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
