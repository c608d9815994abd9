# Made by `make docs` of the program's own tables: do not edit.
# SPDX-License-Identifier: Apache-2.0
_breedlens_words()
{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_breedlens_names()
{
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_breedlens()
{
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _breedlens_words 'identify batch watch backup labels serve --help --version'
        return
    fi
    case "${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}" in
    'identify --explain') _breedlens_names -f; return ;;
    'identify --top-k') return ;;
    'identify --threshold') return ;;
    'identify --species') return ;;
    'identify --jobs') return ;;
    'identify --model') _breedlens_names -d; return ;;
    'batch --format') _breedlens_words 'table csv ndjson'; return ;;
    'batch --output') _breedlens_names -f; return ;;
    'batch --move-to') _breedlens_names -d; return ;;
    'batch --top-k') return ;;
    'batch --threshold') return ;;
    'batch --species') return ;;
    'batch --jobs') return ;;
    'batch --model') _breedlens_names -d; return ;;
    'watch --format') _breedlens_words 'table csv ndjson'; return ;;
    'watch --output') _breedlens_names -f; return ;;
    'watch --move-to') _breedlens_names -d; return ;;
    'watch --top-k') return ;;
    'watch --threshold') return ;;
    'watch --species') return ;;
    'watch --jobs') return ;;
    'watch --model') _breedlens_names -d; return ;;
    'backup --model') _breedlens_names -d; return ;;
    'labels --model') _breedlens_names -d; return ;;
    'serve --print-docs') _breedlens_words 'md env'; return ;;
    'serve --port') return ;;
    'serve --host') return ;;
    'serve --model-type') _breedlens_words 'accurate fast'; return ;;
    'serve --model') _breedlens_names -d; return ;;
    'serve --confidence-threshold') return ;;
    'serve --max-image-size') return ;;
    'serve --max-megapixels') return ;;
    'serve --max-upload-mb') return ;;
    'serve --max-inflight-mb') return ;;
    'serve --workers') return ;;
    'serve --queue-size') return ;;
    'serve --max-connections') return ;;
    'serve --body-timeout-s') return ;;
    'serve --idle-timeout-s') return ;;
    'serve --drain-timeout-s') return ;;
    'serve --rate-limit-per-minute') return ;;
    'serve --allowed-extensions') return ;;
    'serve --cors-origins') return ;;
    'serve --log-level') _breedlens_words 'error warn info debug'; return ;;
    'serve --require-sandbox') _breedlens_words 'true false'; return ;;
    'serve --save-images-to-disk') _breedlens_words 'true false'; return ;;
    'serve --upload-dir') _breedlens_names -d; return ;;
    'serve --upload-max-mb') return ;;
    'serve --cloudinary-cloud-name') return ;;
    'serve --cloudinary-api-key-file') return ;;
    'serve --cloudinary-api-secret-file') return ;;
    'serve --cloudinary-upload-preset') return ;;
    'serve --cloudinary-folder') return ;;
    'serve --cloudinary-base-url') return ;;
    'serve --cloudinary-ca-file') return ;;
    'serve --cloudinary-sha256') _breedlens_words 'true false'; return ;;
    'serve --cloudinary-keep-metadata') _breedlens_words 'true false'; return ;;
    'serve --cloudinary-timeout-ms') return ;;
    'serve --cloudinary-max-inflight') return ;;
    'serve --cloudinary-pause-s') return ;;
    esac
    case "${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD]}" in
    'identify -'*) _breedlens_words '--json --explain --top-k --threshold --species --jobs --model --help ' ;;
    'identify '*) _breedlens_names -f ;;
    'batch -'*) _breedlens_words '--recursive --format --output --resume --move-to --null --top-k --threshold --species --jobs --model --help ' ;;
    'batch '*) _breedlens_names -f ;;
    'watch -'*) _breedlens_words '--recursive --existing --format --output --move-to --top-k --threshold --species --jobs --model --help ' ;;
    'watch '*) _breedlens_names -d ;;
    'backup -'*) _breedlens_words '--delete --model --help ' ;;
    'backup '*) _breedlens_names -f ;;
    'labels -'*) _breedlens_words '--json --model --help ' ;;
    'serve -'*) _breedlens_words '--print-config --print-docs --help --port --host --model-type --model --confidence-threshold --max-image-size --max-megapixels --max-upload-mb --max-inflight-mb --workers --queue-size --max-connections --body-timeout-s --idle-timeout-s --drain-timeout-s --rate-limit-per-minute --allowed-extensions --cors-origins --log-level --require-sandbox --save-images-to-disk --upload-dir --upload-max-mb --cloudinary-cloud-name --cloudinary-api-key-file --cloudinary-api-secret-file --cloudinary-upload-preset --cloudinary-folder --cloudinary-base-url --cloudinary-ca-file --cloudinary-sha256 --cloudinary-keep-metadata --cloudinary-timeout-ms --cloudinary-max-inflight --cloudinary-pause-s ' ;;
    esac
}

complete -F _breedlens breedlens
