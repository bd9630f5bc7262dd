<?php
// Sends briefs by HTTP or by Redis, and acts on each result once. Needs PHP 8.1 or later with its extension redis.
//
//     php client.php send BRIEF.json     # by HTTP: IDENTITIES_URL, IDENTITIES_TOKEN
//     php client.php queue BRIEF.json    # by Redis: REDIS_URL
//     php client.php read FOLDER         # results, until it is stopped: REDIS_URL

declare(strict_types=1);

$namespace = rtrim(getenv('IDENTITY_WORKER_NAMESPACE') ?: '', ':');
define('BEFORE', $namespace === '' ? '' : "$namespace:");
define('STREAM', BEFORE . 'identity:events');
define('CONSUMER', getenv('CONSUMER') ?: 'reader-1');
const GROUP = 'shop';
// Ms after which what a reader took and never acknowledged is another's: longer than any effect takes.
const DEAD_AFTER = 60_000;

// Sends a brief by HTTP. The same again is the same brief, so what got no answer is sent once more.
function send(string $brief): string
{
    [$url, $token] = [getenv('IDENTITIES_URL'), getenv('IDENTITIES_TOKEN')];
    if (!$url || !$token) {
        throw new RuntimeException('set IDENTITIES_URL and IDENTITIES_TOKEN');
    }
    $headers = ["Authorization: Bearer $token", 'Content-Type: application/json'];
    $http = ['method' => 'POST', 'header' => $headers, 'content' => $brief, 'timeout' => 30, 'ignore_errors' => true];
    foreach ([1, 2, 4, 8, null] as $pause) {
        $http_response_header = [];
        $context = stream_context_create(['http' => $http]);
        $answer = @file_get_contents("$url/v1/briefs", false, $context);
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0); // 0: none came
        if ($status >= 200 && $status < 300) {
            return json_decode($answer, true, flags: JSON_THROW_ON_ERROR)['brief_id'];
        }
        if (($status !== 503 && $status !== 0) || $pause === null) {
            throw new RuntimeException($answer ? "refused: $answer" : "no answer came from $url");
        }
        sleep($pause);
    }
}

// Puts a brief on the queue; its id is its `brief_id`, else the message's.
function queue(Redis $redis, string $brief): string
{
    $id = bin2hex(random_bytes(16));
    $message = [
        'queue_name' => 'briefs',
        'actor_name' => 'accept_brief',
        'args' => [$brief],
        'kwargs' => new stdClass(),
        'options' => ['redis_message_id' => $id],
        'message_id' => $id,
        'message_timestamp' => (int) (microtime(true) * 1000),
    ];
    // In this order: a worker that met the id first would find no message.
    $redis->hSet(BEFORE . 'dramatiq:briefs.msgs', $id, json_encode($message, JSON_THROW_ON_ERROR));
    $redis->rPush(BEFORE . 'dramatiq:briefs', $id);
    return json_decode($brief, true, flags: JSON_THROW_ON_ERROR)['brief_id'] ?? $id;
}

// Acts on each result once, whenever this is killed and started again.
function read(Redis $redis, string $folder): never
{
    // False where there is such a group already.
    if (!$redis->xGroup('CREATE', STREAM, GROUP, '0', true) && !str_starts_with($redis->getLastError(), 'BUSYGROUP')) {
        throw new RuntimeException($redis->getLastError());
    }
    $after = '0'; // first what this reader took and did not acknowledge, then what is new
    while (true) {
        $found = $redis->xReadGroup(GROUP, CONSUMER, [STREAM => $after], 10, 2000);
        $entries = $found[STREAM] ?? [];
        foreach ($entries as $entry => $fields) {
            if ($fields) { // else it was trimmed meanwhile
                act($folder, json_decode($fields['event'], true, flags: JSON_THROW_ON_ERROR));
            }
            $redis->xAck(STREAM, GROUP, [$entry]);
        }
        if ($entries) {
            continue;
        }
        if ($after === '>') {
            $redis->xAutoClaim(STREAM, GROUP, CONSUMER, DEAD_AFTER, '0', 10);
        }
        $after = $after === '0' ? '>' : '0';
    }
}

// Does what a result is for, unless it was done: here, keeps it as a file that is whole or not there. The file's
// name is that of the event, so that what is done and that it is done are one and the same. In a database: a row
// whose key is the event's, written in the transaction that does the work.
function act(string $folder, array $event): void
{
    if ($event['type'] !== 'identity.preprocessing.completed') {
        return;
    }
    $name = hash('sha256', "{$event['source']} {$event['id']}");
    is_dir($folder) || mkdir($folder, recursive: true);
    $unfinished = "$folder/.$name." . getmypid();
    $file = fopen($unfinished, 'w');
    fwrite($file, json_encode($event['data'], JSON_THROW_ON_ERROR));
    fsync($file);
    fclose($file);
    $done = @link($unfinished, "$folder/$name.json");
    if (!$done && !file_exists("$folder/$name.json")) {
        throw new RuntimeException("$folder/$name.json can't be written");
    }
    unlink($unfinished);
    fwrite(STDOUT, ($done ? 'did' : 'was done:') . " {$event['id']}\n");
}

function connect(string $address): Redis
{
    // By another scheme, as rediss:// or unix://, the password would go over a network in plain text.
    if (!str_starts_with($address, 'redis://')) {
        fail('REDIS_URL must begin with redis://: this program speaks no TLS, and to no socket');
    }
    $url = parse_url($address);
    $redis = new Redis();
    $redis->connect(trim($url['host'], '[]'), $url['port'] ?? 6379); // an IPv6 address stands in brackets
    if (isset($url['pass'])) {
        $redis->auth([rawurldecode($url['user'] ?? '') ?: 'default', rawurldecode($url['pass'])]);
    }
    $redis->select((int) ltrim($url['path'] ?? '', '/'));
    return $redis;
}

function fail(string $why): never
{
    fwrite(STDERR, preg_replace('/\s+/', ' ', $why) . "\n");
    exit(1);
}

function brief(string $path): string
{
    $text = @file_get_contents($path);
    return $text === false ? fail("$path can't be read") : $text;
}

// What went wrong is told in one line, and is a failure of the program.
set_exception_handler(fn (Throwable $error) => fail($error->getMessage()));
[, $what, $given] = $argv + [null, null, null];
match (true) {
    $what === 'send' && $given !== null => print(send(brief($given)) . "\n"),
    $what === 'queue' && $given !== null => print(queue(connect(getenv('REDIS_URL') ?: ''), brief($given)) . "\n"),
    $what === 'read' && $given !== null => read(connect(getenv('REDIS_URL') ?: ''), $given),
    default => fail('php client.php send BRIEF.json | queue BRIEF.json | read FOLDER'),
};
