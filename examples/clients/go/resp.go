package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// redis is a connection that speaks Redis' protocol RESP.
type redis struct {
	connection net.Conn
	answers    *bufio.Reader
}

func connect(address string) (*redis, error) {
	// By another scheme, as rediss:// or unix://, the password would go over a network in plain text.
	if !strings.HasPrefix(address, "redis://") {
		return nil, errors.New("REDIS_URL must begin with redis://: this program speaks no TLS, and to no socket")
	}
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port := at.Port()
	if port == "" {
		port = "6379"
	}
	connection, err := net.Dial("tcp", net.JoinHostPort(at.Hostname(), port))
	if err != nil {
		return nil, err
	}
	r := &redis{connection, bufio.NewReader(connection)}
	if password, ok := at.User.Password(); ok {
		user := at.User.Username()
		if user == "" {
			user = "default"
		}
		if _, err := r.do("AUTH", user, password); err != nil {
			return nil, err
		}
	}
	if database := strings.TrimPrefix(at.Path, "/"); database != "" {
		if _, err := r.do("SELECT", database); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// do runs a command: its answer is nil, a string, an int or a slice of these.
func (r *redis) do(words ...string) (any, error) {
	var asked strings.Builder
	fmt.Fprintf(&asked, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&asked, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(r.connection, asked.String()); err != nil {
		return nil, err
	}
	return r.answer()
}

func (r *redis) answer() (any, error) {
	line, err := r.answers.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, errors.New(text)
	}
	number, err := strconv.Atoi(text)
	if err != nil || kind == ':' {
		return number, err
	}
	if number < 0 {
		return nil, nil
	}
	if kind == '$' {
		data := make([]byte, number+2)
		_, err := io.ReadFull(r.answers, data)
		return string(data[:number]), err
	}
	values := make([]any, number)
	for place := range values {
		if values[place], err = r.answer(); err != nil {
			return nil, err
		}
	}
	return values, nil
}
