// Sends briefs by HTTP or by Redis, and acts on each result once. Needs Go 1.19 or later, and no package.
//
//	go run . send BRIEF.json     # by HTTP: IDENTITIES_URL, IDENTITIES_TOKEN
//	go run . queue BRIEF.json    # by Redis: REDIS_URL
//	go run . read FOLDER         # results, until it is stopped: REDIS_URL
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const group = "shop"

// Ms after which what a reader took and never acknowledged is another's: longer than any effect takes.
const deadAfter = "60000"

var (
	before   = namespace()
	stream   = before + "identity:events"
	consumer = env("CONSUMER", "reader-1")
)

// An event is what a program needs of a CloudEvent.
type event struct {
	ID, Source, Type string
	Data             json.RawMessage
}

// send sends a brief by HTTP. The same again is the same brief, so what got no answer is sent once more.
func send(brief []byte) (string, error) {
	url, token := os.Getenv("IDENTITIES_URL"), os.Getenv("IDENTITIES_TOKEN")
	if url == "" || token == "" {
		return "", errors.New("set IDENTITIES_URL and IDENTITIES_TOKEN")
	}
	client := http.Client{Timeout: 30 * time.Second}
	var failed error
	for pause := time.Second; pause <= 16*time.Second; pause *= 2 {
		request, err := http.NewRequest("POST", url+"/v1/briefs", bytes.NewReader(brief))
		if err != nil {
			return "", err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err == nil {
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode < 300 {
				var taken struct {
					BriefID string `json:"brief_id"`
				}
				err := json.Unmarshal(body, &taken)
				return taken.BriefID, err
			}
			err = errors.New("refused: " + string(body))
			if answer.StatusCode != http.StatusServiceUnavailable {
				return "", err
			}
		}
		failed = err
		time.Sleep(pause)
	}
	return "", failed
}

// queue puts a brief on the queue; its id is its brief_id, else the message's.
func queue(r *redis, brief []byte) (string, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	id := fmt.Sprintf("%x", random)
	message, err := json.Marshal(map[string]any{
		"queue_name":        "briefs",
		"actor_name":        "accept_brief",
		"args":              []string{string(brief)},
		"kwargs":            map[string]any{},
		"options":           map[string]any{"redis_message_id": id},
		"message_id":        id,
		"message_timestamp": time.Now().UnixMilli(),
	})
	if err != nil {
		return "", err
	}
	// In this order: a worker that met the id first would find no message.
	if _, err := r.do("HSET", before+"dramatiq:briefs.msgs", id, string(message)); err != nil {
		return "", err
	}
	if _, err := r.do("RPUSH", before+"dramatiq:briefs", id); err != nil {
		return "", err
	}
	var said struct {
		BriefID string `json:"brief_id"`
	}
	if err := json.Unmarshal(brief, &said); err != nil || said.BriefID == "" {
		return id, err
	}
	return said.BriefID, nil
}

// read acts on each result once, whenever this is killed and started again.
func read(r *redis, folder string) error {
	_, err := r.do("XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return err
	}
	after := "0" // first what this reader took and did not acknowledge, then what is new
	for {
		found, err := r.do("XREADGROUP", "GROUP", group, consumer, "COUNT", "10", "BLOCK", "2000",
			"STREAMS", stream, after)
		if err != nil {
			return err
		}
		entries := []any{}
		if found != nil {
			entries = found.([]any)[0].([]any)[1].([]any)
		}
		for _, each := range entries {
			entry := each.([]any)
			if fields, ok := entry[1].([]any); ok { // else it was trimmed meanwhile
				if err := act(folder, fields[1].(string)); err != nil {
					return err
				}
			}
			if _, err := r.do("XACK", stream, group, entry[0].(string)); err != nil {
				return err
			}
		}
		switch {
		case len(entries) > 0:
		case after == "0":
			after = ">"
		default:
			if _, err := r.do("XAUTOCLAIM", stream, group, consumer, deadAfter, "0", "COUNT", "10"); err != nil {
				return err
			}
			after = "0"
		}
	}
}

// act does what a result is for, unless it was done: here, it keeps it as a file that is whole or not there. The
// file's name is that of the event, so that what is done and that it is done are one and the same. In a
// database: a row whose key is the event's, written in the transaction that does the work.
func act(folder, text string) error {
	var told event
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		return err
	}
	if told.Type != "identity.preprocessing.completed" {
		return nil
	}
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(told.Source+" "+told.ID)))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	unfinished := filepath.Join(folder, fmt.Sprintf(".%s.%d", name, os.Getpid()))
	if err := write(unfinished, told.Data); err != nil {
		return err
	}
	defer os.Remove(unfinished)
	did := "did"
	if err := os.Link(unfinished, filepath.Join(folder, name+".json")); errors.Is(err, os.ErrExist) {
		did = "was done:"
	} else if err != nil {
		return err
	}
	fmt.Println(did, told.ID)
	return nil
}

func write(path string, data []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Sync()
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func namespace() string {
	if name := strings.TrimSuffix(os.Getenv("IDENTITY_WORKER_NAMESPACE"), ":"); name != "" {
		return name + ":"
	}
	return ""
}

func run(what, given string) (string, error) {
	if what == "read" {
		r, err := connect(os.Getenv("REDIS_URL"))
		if err != nil {
			return "", err
		}
		return "", read(r, given)
	}
	brief, err := os.ReadFile(given)
	if err != nil {
		return "", err
	}
	if what == "send" {
		return send(brief)
	}
	r, err := connect(os.Getenv("REDIS_URL"))
	if err != nil {
		return "", err
	}
	return queue(r, brief)
}

func main() {
	if len(os.Args) != 3 || !strings.Contains(" send queue read ", " "+os.Args[1]+" ") {
		fmt.Fprintln(os.Stderr, "go run . send BRIEF.json | queue BRIEF.json | read FOLDER")
		os.Exit(1)
	}
	told, err := run(os.Args[1], os.Args[2])
	if err != nil {
		// In one line, whatever the answer was.
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
	fmt.Println(told)
}
