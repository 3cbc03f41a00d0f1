# Completion of the command line of veloci for fish: `source` this file, or install it as
# /usr/share/fish/vendor_completions.d/veloci.fish.
@TABLE@
# Prints the command and the operands before the cursor, one a line: no flags, no values of flags. Fails when no
# more flags are read (1), and where the value of a flag comes (2).
function __veloci_words
    set -l valued (__veloci_valued)
    set -l ends
    set -l found
    set -l value # the next word is one
    set -l plain # so are all that follow: no flags
    for word in (commandline -opc)[2..]
        if set -q value[1]
            set -e value[1]
        else if set -q plain[1]; or not string match -qr -- '^-.' $word
            set -a found $word
            if not set -q found[2]
                for name in (__veloci_bare $word)
                    set valued (string match -v -- $name $valued)
                end
                set -a valued (__veloci_valued $word)
                set ends (__veloci_ends $word)
            end
            set -q ends[1]; and test (count $found) -gt $ends; and set plain yes
        else if test "$word" = --
            set plain yes
        else if not string match -q -- '*=*' $word
            set -l name (string replace -r -- '^--?' '' $word)
            if contains -- $name $valued
                set value yes
            else if not string match -q -- '--*' $word
                # Letters in one word: the first that takes a value has the rest of the word, or else the next one.
                for letter in (string split '' -- $name)
                    contains -- $letter $valued; or continue
                    string match -q -- "*$letter" $name; and set value yes
                    break
                end
            end
        end
    end
    set -q found[1]; and printf '%s\n' $found
    set -q value[1]; and return 2
    not set -q plain[1]
end

# Are flags read here?
function __veloci_flags
    __veloci_words >/dev/null
    test $status -ne 1
end

# Are flags of this command read here?
function __veloci_of
    set -l words (__veloci_words)
    test $status -ne 1; and test "$words[1]" = $argv[1]
end

# Is this the place of a word after so many, of which the first is this command?
function __veloci_at
    set -l words (__veloci_words)
    test $status -ne 2; and test (count $words) -eq $argv[1]; and test "$words[1]" = "$argv[2]"
end

# The ids of the containers below the same --root.
function __veloci_ids
    set -l words (commandline -opc)
    set -l root
    for i in (seq 2 (count $words))
        switch $words[$i]
            case -root --root
                set root --root $words[(math $i + 1)]
            case '-root=*' '--root=*'
                set root --root (string replace -r -- '^--?root=' '' $words[$i])
            case --
                break
        end
    end
    set -q root[2]; and string match -q -- '~/*' $root[2]; and set root[2] $HOME(string sub -s 2 -- $root[2])
    $words[1] $root list -q 2>/dev/null
end

# With SIG before the names when that is how the word begins.
function __veloci_signals
    set -l names (string match -ra -- '[A-Z][A-Z0-9+-]+' (kill -l))
    string match -q -- 'SI*' (commandline -ct); and set names SIG$names
    printf '%s\n' $names
end
