# Reads what a launch must know of each kernel out of the sources, without a compiler: its parameters from the signature,
# the threads of a block from __launch_bounds__, the rest from KERNEL_FACTS (include/launch.cuh).
#
#     awk -v ptxas=FILE -f catalog.awk include/*.cuh *.cu     kernels.json: an object a kernel, in the order of the files
#     awk -v checks=1 -f catalog.awk include/*.cuh NAME.cu    what was worked out, as static_asserts for a compiler
#
# ptxas: lines "kernel architecture registers stack spills shared", if there are any.
#
# It knows as much of C++ as the kernels' definitions use. Macros of a file whose text has a __global__ are expanded.
# Numbers are expressions of the constexpr ints of the headers and the file, and of members of class templates with int
# parameters (Tile128x160::Threads, AttentionTile<64>::SharedBytes). simt/build.sh has g++ check all of them.

FNR == 1 {
    finish_file()
    file = FILENAME
    sub(/.*\//, "", file)
    is_kernel_file = sub(/\.cu$/, "", file)
    begin_file()
}

is_kernel_file && /^\/\/ Requires: sm_[0-9]+a?$/ { requires = $3 }

{
    sub(/\/\/.*/, "")
    if (sub(/\\$/, "")) {
        pending = pending $0 " "
        next
    }
    line = pending $0
    pending = ""
    if (line ~ /^#define/) {
        define(line)
    } else if (line !~ /^#/) {
        text = text line "\n"
    }
}

END {
    finish_file()
    if (failed) {
        exit 1
    }
    if (!checks) {
        print_catalog()
    }
}

function fail(message) {
    print "kernels: " file ": " message > "/dev/stderr"
    failed = 1
}

function begin_file(    name) {
    text = ""
    requires = "sm_80"
    for (name in local_constant) {
        delete local_constant[name]
    }
    for (name in body) {
        delete body[name]
    }
}

function finish_file() {
    if (file == "") {
        return
    }
    if (is_kernel_file) {
        text = expanded(text)
    }
    find_templates(text)
    find_constants(text)
    if (is_kernel_file) {
        find_kernels(text)
    }
}

# --- Macros

function define(line,    name, open) {
    sub(/^#define[ ]+/, "", line)
    if (line !~ /__global__/ || !match(line, /^[A-Za-z_0-9]+\(/)) {
        return
    }
    name = substr(line, 1, RLENGTH - 1)
    open = RLENGTH
    formal[name] = substr(line, open + 1, closing(line, open) - open - 1)
    body[name] = substr(line, closing(line, open) + 1)
}

# The place of the bracket that closes the one at `open`.
function closing(s, open,    i, depth, c) {
    for (i = open; i <= length(s); i++) {
        c = substr(s, i, 1)
        depth += (c == "(") - (c == ")")
        if (depth == 0) {
            return i
        }
    }
    fail("a bracket is not closed: " substr(s, open, 60))
    return length(s)
}

# Splits at the commas outside of brackets; the pieces without spaces around them.
function split_arguments(s, pieces,    i, n, depth, c, piece) {
    n = 0
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        depth += (c == "(") - (c == ")")
        if (c == "," && depth == 0) {
            pieces[++n] = trimmed(piece)
            piece = ""
        } else {
            piece = piece c
        }
    }
    pieces[++n] = trimmed(piece)
    return n
}

function trimmed(s) {
    gsub(/[ \n]+/, " ", s)
    sub(/^ /, "", s)
    sub(/ $/, "", s)
    return s
}

function expanded(s,    done, name, end) {
    while (match(s, /[A-Za-z_][A-Za-z_0-9]*/)) {
        name = substr(s, RSTART, RLENGTH)
        end = RSTART + RLENGTH
        if ((name in body) && substr(s, end, 1) == "(") {
            done = done substr(s, 1, RSTART - 1) substituted(name, substr(s, end + 1, closing(s, end) - end - 1)) "\n"
            s = substr(s, closing(s, end) + 1)
        } else {
            done = done substr(s, 1, end - 1)
            s = substr(s, end)
        }
    }
    return done s
}

function substituted(name, arguments,    names, values, n, i, s, result, word, actual) {
    n = split_arguments(formal[name], names)
    if (split_arguments(arguments, values) != n) {
        fail(name "(" arguments ") has another number of arguments than its macro")
    }
    for (i = 1; i <= n; i++) {
        actual[names[i]] = values[i]
    }
    s = body[name]
    while (match(s, /[A-Za-z_][A-Za-z_0-9]*/)) {
        word = substr(s, RSTART, RLENGTH)
        result = result substr(s, 1, RSTART - 1) ((word in actual) ? actual[word] : word)
        s = substr(s, RSTART + RLENGTH)
    }
    result = result s
    gsub(/[ ]*##[ ]*/, "", result)
    return result
}

# --- Constants

# template <int A, ..> struct NAME { .. static constexpr int MEMBER = expression; .. };  and  using ALIAS = NAME<..>;
function find_templates(s,    name, parameters, inside, statements, n, i) {
    while (match(s, /template <int [^<>]*>[ \n]*struct [A-Za-z_0-9]+[ \n]*\{/)) {
        parameters = substr(s, RSTART, RLENGTH)
        s = substr(s, RSTART + RLENGTH)
        name = parameters
        sub(/.*struct /, "", name)
        sub(/[ \n]*\{$/, "", name)
        sub(/^template </, "", parameters)
        sub(/>.*/, "", parameters)
        gsub(/int /, "", parameters)
        template_parameters[name] = parameters
        inside = index(s, "\n};") ? substr(s, 1, index(s, "\n};")) : s
        n = split(inside, statements, ";")
        for (i = 1; i <= n; i++) {
            if (match(statements[i], /static constexpr (int|bool) [A-Za-z_0-9]+ = /)) {
                parameters = substr(statements[i], RSTART, RLENGTH)
                sub(/^static constexpr (int|bool) /, "", parameters)
                sub(/ = $/, "", parameters)
                member[name, parameters] = substr(statements[i], RSTART + RLENGTH)
            }
        }
        while (match(s, /\nusing [A-Za-z_0-9]+ = [A-Za-z_0-9]+<[^<>]*>;/)) {
            parameters = substr(s, RSTART + 7, RLENGTH - 8)
            alias[substr(parameters, 1, index(parameters, " ") - 1)] = substr(parameters, index(parameters, "= ") + 2)
            s = substr(s, 1, RSTART) substr(s, RSTART + RLENGTH)
        }
    }
}

# constexpr int A = expression, B = expression; those of a .cu file are its own.
function find_constants(s,    statements, n, i, pieces, k, name) {
    n = split(s, statements, ";")
    for (i = 1; i <= n; i++) {
        if (!match(statements[i], /\nconstexpr int /)) {
            continue
        }
        k = split_arguments(substr(statements[i], RSTART + RLENGTH), pieces)
        for (; k > 0; k--) {
            name = pieces[k]
            sub(/ =.*/, "", name)
            sub(/^[^=]*= /, "", pieces[k])
            if (is_kernel_file) {
                local_constant[name] = pieces[k]
            } else {
                constant[name] = pieces[k]
            }
        }
    }
}

# The value of an expression. Scope is a class template and its arguments, "Tile<256, 160, 64, 80, 3>", or empty.
function value(expression, scope,    outer_rest, outer_scope, result) {
    outer_rest = rest
    outer_scope = current
    rest = expression
    current = scope
    result = conditional()
    if (trimmed(rest) != "") {
        fail("cannot read \"" trimmed(rest) "\" in " trimmed(expression))
        rest = ""
    }
    rest = outer_rest
    current = outer_scope
    return result
}

function take(operator) {
    sub(/^[ \n]+/, "", rest)
    if (substr(rest, 1, length(operator)) != operator) {
        return 0
    }
    rest = substr(rest, length(operator) + 1)
    return 1
}

function conditional(    condition, yes, no) {
    condition = disjunction()
    if (!take("?")) {
        return condition
    }
    yes = conditional()
    take(":")
    no = conditional()
    return condition ? yes : no
}

function disjunction(    a, b) {
    a = conjunction()
    while (take("||")) {
        b = conjunction()
        a = a || b
    }
    return a
}

function conjunction(    a, b) {
    a = comparison()
    while (take("&&")) {
        b = comparison()
        a = a && b
    }
    return a
}

function comparison(    a) {
    a = sum()
    if (take("==")) return a == sum()
    if (take("!=")) return a != sum()
    if (take("<=")) return a <= sum()
    if (take(">=")) return a >= sum()
    if (take("<")) return a < sum()
    if (take(">")) return a > sum()
    return a
}

function sum(    a, b) {
    a = product()
    for (;;) {
        if (take("+")) {
            b = product()
            a += b
        } else if (take("-")) {
            b = product()
            a -= b
        } else {
            return a
        }
    }
}

function product(    a, b) {
    a = primary()
    for (;;) {
        if (take("*")) {
            b = primary()
            a *= b
        } else if (take("/")) {
            b = primary()
            a = int(a / b)
        } else if (take("%")) {
            b = primary()
            a %= b
        } else {
            return a
        }
    }
}

function primary(    a, name) {
    if (take("(")) {
        a = conditional()
        take(")")
        return a
    }
    if (take("-")) {
        return -primary()
    }
    if (match(rest, /^[0-9]+/)) {
        a = substr(rest, 1, RLENGTH) + 0
        rest = substr(rest, RLENGTH + 1)
        return a
    }
    if (match(rest, /^[A-Za-z_0-9]+<[^<>=]*>::[A-Za-z_0-9]+/) || match(rest, /^[A-Za-z_0-9]+::[A-Za-z_0-9]+/) \
            || match(rest, /^[A-Za-z_][A-Za-z_0-9]*/)) {
        name = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        return named(name)
    }
    fail("cannot read the expression " trimmed(rest))
    rest = ""
    return 0
}

function named(name,    class, scope, names, values, n, i) {
    if (index(name, "::")) {
        scope = substr(name, 1, index(name, "::") - 1)
        if (scope in alias) {
            scope = alias[scope]
        }
        class = scope
        sub(/<.*/, "", class)
        name = substr(name, index(name, "::") + 2)
        if ((class, name) in member) {
            return value(member[class, name], scope)
        }
    } else {
        class = current
        sub(/<.*/, "", class)
        if ((class, name) in member) {
            return value(member[class, name], current)
        }
        if (class in template_parameters) {
            n = split_arguments(template_parameters[class], names)
            scope = substr(current, index(current, "<") + 1)
            sub(/>$/, "", scope)
            split_arguments(scope, values)
            for (i = 1; i <= n; i++) {
                if (names[i] == name) {
                    return value(values[i], "")
                }
            }
        }
        if (name in local_constant) {
            return value(local_constant[name], "")
        }
        if (name in constant) {
            return value(constant[name], "")
        }
    }
    fail("no value is known of " name (scope == "" ? "" : " of " scope))
    return 0
}

# --- Kernels

function find_kernels(s,    rest_of_text, at, name, bounds, n, limits, facts, i, first) {
    first = kernels + 1
    rest_of_text = s
    while (at = index(rest_of_text, "__global__ void")) {
        rest_of_text = substr(rest_of_text, at + length("__global__ void"))
        sub(/^[ \n]+/, "", rest_of_text)
        bounds = "1024"
        if (rest_of_text ~ /^__launch_bounds__\(/) {
            at = index(rest_of_text, "(")
            bounds = substr(rest_of_text, at + 1, closing(rest_of_text, at) - at - 1)
            rest_of_text = substr(rest_of_text, closing(rest_of_text, at) + 1)
        }
        at = index(rest_of_text, "(")
        name = trimmed(substr(rest_of_text, 1, at - 1))
        n = split_arguments(bounds, limits)
        kernel[++kernels] = name
        number[name] = kernels
        file_of[name] = file
        requires_of[name] = requires
        parameters_of[name] = substr(rest_of_text, at + 1, closing(rest_of_text, at) - at - 1)
        threads_of[name] = checked_value(limits[1])
        blocks_of[name] = n > 1 ? checked_value(limits[2]) : 1
    }
    rest_of_text = s
    while (match(rest_of_text, /KERNEL_FACTS\(/)) {
        at = RSTART + RLENGTH - 1
        n = split_arguments(substr(rest_of_text, at + 1, closing(rest_of_text, at) - at - 1), facts)
        rest_of_text = substr(rest_of_text, closing(rest_of_text, at) + 1)
        name = facts[1]
        if (!(name in number) || file_of[name] != file || name in family_of) {
            fail("KERNEL_FACTS of " name ", which is no kernel here or has them already")
        }
        family_of[name] = facts[2]
        bound_of[name] = facts[3]
        block_of[name] = facts[4]
        shared_of[name] = checked_value(facts[5])
        for (i = 6; i <= n; i++) {
            tile_of[name] = tile_of[name] (i > 6 ? ", " : "") checked_value(facts[i])
        }
    }
    for (i = first; i <= kernels; i++) {
        if (!(kernel[i] in family_of)) {
            fail("kernel " kernel[i] " has no KERNEL_FACTS")
        }
    }
}

function checked_value(expression,    result) {
    result = value(expression, "")
    if (checks) {
        print "static_assert((" expression ") == " result ", \"catalog.awk\");"
    }
    return result
}

function print_catalog(    i, line, part) {
    while (ptxas != "" && (getline line < ptxas) > 0) {
        split(line, part, " ")
        compiled[part[1]] = compiled[part[1]] (part[1] in compiled && compiled[part[1]] != "" ? "," : "") \
            sprintf("\n     {\"kernel\": \"%s\", \"arch\": \"%s\", \"registers\": %d, \"stack\": %d, \"spills\": %d, \"shared\": %d}", \
                    part[1], part[2], part[3], part[4], part[5], part[6])
    }
    print "["
    for (i = 1; i <= kernels; i++) {
        print_kernel(kernel[i])
        print i < kernels ? "," : ""
    }
    print "]"
}

function print_kernel(name,    pieces, n, i, type, parameter) {
    printf "  {\"kernel\": \"%s\", \"file\": \"%s\", \"family\": \"%s\", \"bound\": \"%s\", \"requires\": \"%s\",\n", \
        name, file_of[name], family_of[name], bound_of[name], requires_of[name]
    printf "   \"threads\": %d, \"block\": \"%s\", \"residentBlocks\": %d, \"shared\": %d, \"tile\": [%s],\n", \
        threads_of[name], block_of[name], blocks_of[name], shared_of[name], tile_of[name]
    printf "   \"parameters\": ["
    n = split_arguments(parameters_of[name], pieces)
    for (i = 1; i <= n; i++) {
        parameter = pieces[i]
        sub(/^.*[ *]/, "", parameter)
        type = trimmed(substr(pieces[i], 1, length(pieces[i]) - length(parameter)))
        printf "%s{\"name\": \"%s\", \"type\": \"%s\"}", (i > 1 ? ", " : ""), parameter, type
    }
    printf "],\n   \"compiled\": [%s]}", compiled[name]
}
