set edit:completion:arg-completer[toolcat] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) TOOLCAT_COMPLETE="elvish" toolcat -- $@words) | to-lines
}
