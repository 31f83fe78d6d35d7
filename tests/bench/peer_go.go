// The peer in Go: one pattern subscription, and for each member a bounded queue and a goroutine that writes it, as the chat
// example of gorilla/websocket has it. A message is framed once for everybody (PreparedMessage). No rights, no log, no
// cursor; who does not keep up is cut off. Compression is off.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

const queued = 256

type member struct{ messages chan *websocket.PreparedMessage }

type hub struct {
	sync.RWMutex
	rooms map[string]map[*member]bool
}

func (h *hub) tell(channel string, text []byte) {
	message, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		log.Fatal(err)
	}
	h.Lock()
	defer h.Unlock()
	for one := range h.rooms[channel] {
		select {
		case one.messages <- message:
		default:
			close(one.messages)
			delete(h.rooms[channel], one)
		}
	}
}

func (h *hub) serve(upgrader *websocket.Upgrader) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		socket, err := upgrader.Upgrade(answer, request, nil)
		if err != nil {
			return
		}
		channel := "bare." + path.Base(request.URL.Path)
		one := &member{make(chan *websocket.PreparedMessage, queued)}
		h.Lock()
		if h.rooms[channel] == nil {
			h.rooms[channel] = map[*member]bool{}
		}
		h.rooms[channel][one] = true
		h.Unlock()
		go func() {
			defer socket.Close()
			for message := range one.messages {
				if socket.WritePreparedMessage(message) != nil {
					return
				}
			}
		}()
		for {
			if _, _, err := socket.ReadMessage(); err != nil {
				break
			}
		}
		h.Lock()
		defer h.Unlock()
		if h.rooms[channel][one] {
			close(one.messages)
			delete(h.rooms[channel], one)
		}
	}
}

// reply reads one value of Redis' protocol: a string, a number as text, or a list of them.
func reply(from *bufio.Reader) ([][]byte, error) {
	line, err := from.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimRight(line, "\r\n")
	switch line[0] {
	case '*':
		count, _ := strconv.Atoi(line[1:])
		var all [][]byte
		for ; count > 0; count-- {
			one, err := reply(from)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	case '$':
		size, _ := strconv.Atoi(line[1:])
		text := make([]byte, size+2)
		_, err := io.ReadFull(from, text)
		return [][]byte{text[:size]}, err
	}
	return [][]byte{[]byte(line[1:])}, nil
}

func dial(address string) (net.Conn, error) {
	parts, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if parts.Scheme == "unix" {
		return net.Dial("unix", parts.Path)
	}
	return net.Dial("tcp", parts.Host)
}

func main() {
	fd := flag.Int("fd", 0, "the listening socket")
	address := flag.String("redis", "", "where Redis is")
	flag.Parse()
	redis, err := dial(*address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(redis, "PSUBSCRIBE bare.*\r\n")
	told := bufio.NewReader(redis)
	if _, err := reply(told); err != nil { // the subscription stands: only now may members come
		log.Fatal(err)
	}
	rooms := &hub{rooms: map[string]map[*member]bool{}}
	go func() {
		for {
			message, err := reply(told) // pmessage, pattern, channel, text
			if err != nil {
				log.Fatal(err)
			}
			rooms.tell(string(message[2]), message[3])
		}
	}()
	listener, err := net.FileListener(os.NewFile(uintptr(*fd), "listener"))
	if err != nil {
		log.Fatal(err)
	}
	upgrader := &websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	log.Fatal(http.Serve(listener, rooms.serve(upgrader)))
}
