// What a Kotlin program asks of the GC proposal: classes with supertypes and interfaces, generics, sealed hierarchies,
// closures, boxed numbers, arrays of every element type, strings and their builders, sequences (compiled as coroutines),
// exceptions with finally, and garbage by the tens of megabytes. The twin is the same source on the Java machine.

import kotlin.math.sqrt

// --- A language: sealed classes, casts, closures, exceptions ---

sealed interface Node
data class Num(val value: Long) : Node
data class Name(val text: String) : Node
data class Call(val items: List<Node>) : Node

class SyntaxError(message: String, val at: Int) : Exception(message)
open class EvalError(message: String, cause: Throwable? = null) : RuntimeException(message, cause)
class Unbound(val name: String) : EvalError("unbound $name")

class Reader(private val text: String) {
    private var at = 0

    fun read(): Node {
        while (at < text.length && text[at] == ' ') at++
        if (at == text.length) throw SyntaxError("end of text", at)
        return when (val c = text[at]) {
            '(' -> {
                at++
                val items = mutableListOf<Node>()
                while (true) {
                    while (at < text.length && text[at] == ' ') at++
                    if (at < text.length && text[at] == ')') break
                    items += read()
                }
                at++
                Call(items)
            }
            ')' -> throw SyntaxError("stray )", at)
            else -> {
                val begin = at
                while (at < text.length && text[at] !in " ()") at++
                val word = text.substring(begin, at)
                if (c.isDigit() || (c == '-' && word.length > 1)) Num(word.toLong()) else Name(word)
            }
        }
    }
}

typealias Primitive = (List<Any?>) -> Any?

class Scope(private val outer: Scope?, private val values: MutableMap<String, Any?> = mutableMapOf()) {
    fun find(name: String): Any? =
        if (name in values) values[name] else outer?.find(name) ?: throw Unbound(name)

    fun define(name: String, value: Any?) {
        values[name] = value
    }
}

class Closure(val parameters: List<String>, val body: Node, val scope: Scope)

class Interpreter {
    private val global = Scope(null)
    var steps = 0
        private set

    init {
        fun arithmetic(name: String, function: (Long, Long) -> Long) =
            global.define(name, { arguments: List<Any?> ->
                arguments.map { it as? Long ?: throw EvalError("$name of ${show(it)}") }.reduce(function)
            })
        arithmetic("+") { a, b -> a + b }
        arithmetic("-") { a, b -> a - b }
        arithmetic("*") { a, b -> a * b }
        global.define("<", { a: List<Any?> -> (a[0] as Long) < (a[1] as Long) })
        global.define("=", { a: List<Any?> -> a[0] == a[1] })
        global.define("list", { a: List<Any?> -> a })
        global.define("head", { a: List<Any?> -> (a[0] as List<*>).firstOrNull() ?: throw EvalError("head of nothing") })
        global.define("tail", { a: List<Any?> -> (a[0] as List<*>).drop(1) })
        global.define("throw", { a: List<Any?> -> throw EvalError(show(a[0])) })
    }

    fun show(value: Any?): String = when (value) {
        null -> "nil"
        is Long, is Boolean -> value.toString()
        is List<*> -> value.joinToString(" ", "(", ")") { show(it) }
        is Closure -> "closure/" + value.parameters.size
        is Function<*> -> "primitive"
        else -> "?"
    }

    fun run(text: String): String = try {
        show(evaluate(Reader(text).read(), global))
    } catch (error: SyntaxError) {
        "syntax error: ${error.message} at ${error.at}"
    } catch (error: EvalError) {
        generateSequence<Throwable>(error) { it.cause }.joinToString(" <- ") { it.message ?: "-" }
    } catch (error: ClassCastException) {
        "bad cast"
    } finally {
        steps++
    }

    @Suppress("UNCHECKED_CAST")
    private fun evaluate(node: Node, scope: Scope): Any? {
        steps++
        return when (node) {
            is Num -> node.value
            is Name -> scope.find(node.text)
            is Call -> {
                val head = node.items.firstOrNull()
                when ((head as? Name)?.text) {
                    "if" -> evaluate(if (evaluate(node.items[1], scope) as Boolean) node.items[2] else node.items[3], scope)
                    "fn" -> Closure((node.items[1] as Call).items.map { (it as Name).text }, node.items[2], scope)
                    "def" -> evaluate(node.items[2], scope).also { global.define((node.items[1] as Name).text, it) }
                    "try" -> try {
                        evaluate(node.items[1], scope)
                    } catch (error: Unbound) {
                        throw EvalError("in try", error)
                    } catch (error: EvalError) {
                        evaluate(node.items[2], scope)
                    }
                    else -> {
                        val values = node.items.map { evaluate(it, scope) }
                        when (val function = values[0]) {
                            is Closure -> {
                                val inner = Scope(function.scope)
                                function.parameters.forEachIndexed { i, name -> inner.define(name, values[i + 1]) }
                                evaluate(function.body, inner)
                            }
                            is Function<*> -> (function as Primitive)(values.drop(1))
                            else -> throw EvalError("${show(function)} is no function")
                        }
                    }
                }
            }
        }
    }
}

fun language() {
    val interpreter = Interpreter()
    for (text in listOf(
        "(+ 1 2 (* 3 4))",
        "(def fib (fn (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))",
        "(fib 15)",
        "(def map (fn (f l) (if (= l (list)) l ((fn (h t) (cons h t)) (f (head l)) (map f (tail l))))))",
        "(map fib (list 1 2))",
        "(def adder (fn (n) (fn (m) (+ n m))))",
        "((adder 40) 2)",
        "(list 1 (list 2 3) (list) adder fib +)",
        "(try (throw 7) (+ 1 1))",
        "(try (missing 1) 2)",
        "(if 1 2 3)",
        "(+ 1 (list 2))",
        "(1 2)",
        "(head (list))",
        "(+ 1",
        ")",
        "(* 4611686018427387904 2)",
    )) println("$text => ${interpreter.run(text)}")
    println("${interpreter.steps} steps")
}

// --- A red-black tree with generic keys, against a sorted list ---

class Tree<K : Comparable<K>, V> {
    private class Entry<K, V>(val key: K, var value: V, var red: Boolean, var left: Entry<K, V>?, var right: Entry<K, V>?)

    private var root: Entry<K, V>? = null
    var size = 0
        private set

    operator fun set(key: K, value: V) {
        root = insert(root, key, value).also { it.red = false }
    }

    operator fun get(key: K): V? {
        var at = root
        while (at != null) {
            val order = key.compareTo(at.key)
            if (order == 0) return at.value
            at = if (order < 0) at.left else at.right
        }
        return null
    }

    fun depth(): Int {
        fun depth(entry: Entry<K, V>?): Int = if (entry == null) 0 else 1 + maxOf(depth(entry.left), depth(entry.right))
        return depth(root)
    }

    fun entries(): Sequence<Pair<K, V>> = walk(root)

    private fun walk(entry: Entry<K, V>?): Sequence<Pair<K, V>> = sequence {
        if (entry != null) {
            yieldAll(walk(entry.left))
            yield(entry.key to entry.value)
            yieldAll(walk(entry.right))
        }
    }

    private fun isRed(entry: Entry<K, V>?) = entry?.red ?: false

    private fun insert(at: Entry<K, V>?, key: K, value: V): Entry<K, V> {
        if (at == null) {
            size++
            return Entry(key, value, true, null, null)
        }
        val order = key.compareTo(at.key)
        when {
            order < 0 -> at.left = insert(at.left, key, value)
            order > 0 -> at.right = insert(at.right, key, value)
            else -> at.value = value
        }
        var top: Entry<K, V> = at
        if (isRed(top.right) && !isRed(top.left)) top = rotateLeft(top)
        if (isRed(top.left) && isRed(top.left?.left)) top = rotateRight(top)
        if (isRed(top.left) && isRed(top.right)) {
            top.red = true
            top.left!!.red = false
            top.right!!.red = false
        }
        return top
    }

    private fun rotateLeft(entry: Entry<K, V>): Entry<K, V> {
        val right = entry.right!!
        entry.right = right.left
        right.left = entry
        right.red = entry.red
        entry.red = true
        return right
    }

    private fun rotateRight(entry: Entry<K, V>): Entry<K, V> {
        val left = entry.left!!
        entry.left = left.right
        left.right = entry
        left.red = entry.red
        entry.red = true
        return left
    }
}

class Random(private var state: Long) {
    fun next(bound: Int): Int {
        state = state * 6364136223846793005L + 1442695040888963407L
        return ((state ushr 33) % bound).toInt()
    }
}

fun trees() {
    val random = Random(7)
    val numbers = Tree<Int, String>()
    val model = HashMap<Int, String>()
    repeat(5000) {
        val key = random.next(4000)
        numbers[key] = "v$it"
        model[key] = "v$it"
    }
    val expected = model.entries.sortedBy { it.key }.map { it.key to it.value }
    println("${numbers.size} ${expected.size} ${numbers.entries().toList() == expected} depth ${numbers.depth()}")
    println(numbers.entries().filter { it.first % 500 == 0 }.toList())
    val words = Tree<String, MutableList<Int>>()
    "the quick brown fox jumps over the lazy dog and the cat ünder the тable".split(' ').forEachIndexed { i, word ->
        (words[word] ?: mutableListOf<Int>().also { words[word] = it }).add(i)
    }
    println(words.entries().joinToString { (word, places) -> "$word$places" })
    println("${words["the"]} ${words["nothing"]}")
}

// --- Objects of every kind ---

interface Account {
    val owner: String
    fun balance(): Long
    fun describe(): String = "$owner has ${balance()}"
}

abstract class Book : Account {
    protected val lines = ArrayList<Pair<String, Long>>()
    override fun balance() = lines.sumOf { it.second }
    open fun post(text: String, amount: Long) {
        require(amount != 0L) { "nothing to post for $text" }
        lines += text to amount
    }
}

open class Plain(override val owner: String) : Book()

class Limited(owner: String, private val limit: Long) : Plain(owner) {
    override fun post(text: String, amount: Long) {
        check(balance() + amount >= -limit) { "$owner: $text exceeds the limit by ${-(balance() + amount + limit)}" }
        super.post(text, amount)
    }

    override fun describe() = super.describe() + " of " + limit
}

enum class Season(val days: Int) {
    Spring(92), Summer(92) {
        override fun mood() = "hot"
    },
    Autumn(91), Winter(90);

    open fun mood() = name.lowercase().reversed()
}

data class Metres(val value: Double) {
    operator fun plus(other: Metres) = Metres(value + other.value)
}

fun objects() {
    val accounts: List<Account> = listOf(Plain("Ada"), Limited("Bob", 100), object : Account {
        override val owner = "nobody"
        override fun balance() = -1L
    })
    for (account in accounts) for ((text, amount) in listOf("in" to 50L, "out" to -120L, "more" to -70L, "none" to 0L)) {
        try {
            (account as Book).post(text, amount)
        } catch (error: IllegalStateException) {
            println("refused: ${error.message}")
        } catch (error: IllegalArgumentException) {
            println("senseless: ${error.message}")
        } catch (error: ClassCastException) {
            println("${account.owner} keeps no book")
        } finally {
            if (text == "none") println(account.describe())
        }
    }
    println(Season.entries.map { "${it.name}/${it.ordinal}/${it.days}/${it.mood()}" })
    println(Season.valueOf("Autumn").compareTo(Season.Winter))
    println(runCatching { Season.valueOf("Monsoon") }.isFailure)
    println((Metres(1.5) + Metres(0.25)).value)
    val mixed: List<Any?> = listOf(1, 1L, 1.5, 'c', "s", true, null, listOf(1), intArrayOf(1, 2).sum(), Season.Summer, Metres(2.0), 200.toByte())
    println(mixed.joinToString { value ->
        when (value) {
            is Int -> "int $value"
            is Long -> "long $value"
            is Double -> "double $value"
            is Char -> "char $value"
            is String -> "string $value"
            is Boolean -> "boolean $value"
            is Collection<*> -> "collection $value"
            is Enum<*> -> "enum $value"
            is Byte -> "byte $value"
            is Metres -> "metres ${value.value}"
            null -> "null"
            else -> "?"
        }
    })
    println(Call(listOf(Num(1), Name("x"))) == Call(listOf(Num(1), Name("x"))))
    println(setOf(Num(3), Num(3), Num(4)).size)
}

fun arrays() {
    val bytes = ByteArray(300) { (it * 7).toByte() }
    val shorts = ShortArray(300) { (it * 301).toShort() }
    val longs = LongArray(300) { it.toLong() shl (it % 60) }
    val floats = FloatArray(300) { it / 8f }
    val chars = CharArray(26) { 'a' + it }
    val flags = BooleanArray(300) { it % 3 == 0 }
    println("${bytes.sum()} ${shorts.sum()} ${longs.fold(0L) { a, b -> a xor b }} ${floats.sum()} ${chars.concatToString()} ${flags.count { it }}")
    val grid = Array(20) { y -> IntArray(20) { x -> x * y } }
    println(grid.sumOf { it.sum() })
    val copy = bytes.copyOf(310).also { it.fill(1, 300) }
    bytes.copyInto(copy, 5, 0, 290)
    println("${copy.sum()} ${copy.toList().windowed(2).count { (a, b) -> a < b }}")
    val names = arrayOf("delta", "alpha", "charlie", "bravo")
    names.sort()
    println(names.toList())
    println((1..200).map { it * 7919 % 1009 }.sortedWith(compareBy({ it % 10 }, { -it })).take(12))
    try {
        println(listOf(1, 2, 3)[3])
    } catch (error: IndexOutOfBoundsException) {
        println("out of bounds")
    }
    try {
        println(emptyList<Int>().iterator().next())
    } catch (error: NoSuchElementException) {
        println("no element")
    }
}

// --- Garbage ---

class Link(val value: Int, val next: Link?)

class Pair2(val left: Pair2?, val right: Pair2?) {
    fun count(): Int = 1 + (left?.count() ?: 0) + (right?.count() ?: 0)
}

fun grow(depth: Int): Pair2 = if (depth == 0) Pair2(null, null) else Pair2(grow(depth - 1), grow(depth - 1))

fun garbage() {
    val kept = grow(12)
    var nodes = 0
    repeat(60) { nodes += grow(10).count() }
    println("$nodes nodes came and went, ${kept.count()} stayed")
    var list: Link? = null
    for (i in 1..100_000) list = Link(i, if (i % 1000 == 0) null else list)
    println(generateSequence(list) { it.next }.sumOf { it.value })
    val builder = StringBuilder()
    for (i in 0 until 20_000) {
        builder.append(i % 97).append(if (i % 5 == 0) "é" else ",")
        if (builder.length > 5_000) builder.deleteRange(0, 2_500)
    }
    println("${builder.length} ${builder.toString().hashCode()}")
    val memo = HashMap<Long, Long>()
    fun collatz(n: Long): Long = if (n == 1L) 0 else memo.getOrPut(n) { 1 + collatz(if (n % 2 == 0L) n / 2 else 3 * n + 1) }
    val best = (1L..6_000L).maxByOrNull { collatz(it) }!!
    println("$best ${collatz(best)} ${memo.size}")
    println(primes().takeWhile { it < 500 }.sum())
    println((1..50).sumOf { sqrt(it.toDouble()) })
}

fun primes() = sequence {
    val found = mutableListOf<Int>()
    for (candidate in generateSequence(2) { it + 1 })
        if (found.takeWhile { it * it <= candidate }.none { candidate % it == 0 }) {
            found += candidate
            yield(candidate)
        }
}

fun unwinding(): List<String> {
    val log = mutableListOf<String>()
    fun descend(depth: Int): Int {
        try {
            if (depth == 0) throw EvalError("bottom")
            return descend(depth - 1)
        } catch (error: EvalError) {
            if (depth % 2 == 1) throw EvalError("from $depth", error)
            throw error
        } finally {
            log += "left $depth"
        }
    }
    try {
        descend(4)
    } catch (error: EvalError) {
        log += generateSequence<Throwable>(error) { it.cause }.map { it.message }.joinToString(" <- ")
    }
    fun early(): Int {
        for (i in 0..3) try {
            if (i == 2) return i
        } finally {
            log += "finally $i"
        }
        return -1
    }
    log += "early ${early()}"
    return log
}

fun main() {
    language()
    trees()
    objects()
    arrays()
    garbage()
    unwinding().forEach(::println)
    println("done")
}
